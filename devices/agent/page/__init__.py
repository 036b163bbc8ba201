"""The agent's own page on this computer: what is measured now and what waits for the server. It shows; it changes nothing."""

from devices.agent.page.server import PageServer

__all__ = ["PageServer"]
