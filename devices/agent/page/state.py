"""What the page shows, gathered from a running agent as plain data."""

import time
from typing import Any

from devices.agent import VERSION, clock
from devices.agent.capture import PortWorker
from devices.agent.service import Agent


def state(agent: Agent) -> dict[str, Any]:
    """One picture of everything; times in ns since the epoch, texts as {"zh", "en"}. Raises sqlite3.Error."""
    trouble = agent.uploader.trouble
    waiting, backlog = agent.outbox.waiting(), agent.outbox.backlog()
    return {
        "schema": "agent-state/1",
        "bench": agent.name,
        "agent": VERSION,
        "now_ns": time.time_ns(),
        "server": {
            "address": agent.server,
            "reachable": agent.contact.reachable,
            "since_ns": agent.contact.since_ns,
            "text": agent.contact.text.as_json(),
        },
        "clock": clock.state().as_json(),
        "outbox": {
            "sessions": waiting.sessions,
            "frames": waiting.frames,
            "readings": waiting.readings,
            "trouble": trouble.as_json() if trouble and agent.contact.reachable else None,
            "disk_is_low": agent.disk_is_low,
        },
        "refused": [
            {"session": one.session, "port": one.port, "text": one.text.as_json(), "frames": one.frames}
            for one in agent.outbox.refused()[:20]
        ],
        "ports": [_port(worker, backlog.get(name, 0)) for name, worker in agent.workers.items()],
    }


def _port(worker: PortWorker, waiting: int) -> dict[str, Any]:
    profile, session = worker.port.profile, worker.session
    shown = worker.state
    if shown == "capturing" and not session:
        shown = "delivering"
    titles = {one.id: one.title.as_json() for one in profile.channels} if profile else {}
    return {
        "name": worker.port.name,
        "device": worker.port.device,
        "profile": {"id": profile.id, "title": profile.title.as_json()} if profile else None,
        "state": shown,
        "serial_read": worker.serial_read,
        "session": session,
        "trouble": worker.trouble.as_json() if worker.trouble else None,
        "waiting": waiting,
        "channels": [
            {
                "id": one.channel,
                "title": titles.get(one.channel, {"zh": one.channel, "en": one.channel}),
                "value": one.printed,
                "unit": one.unit,
                "quality": one.quality.value,
                "text": one.text.as_json(),
                "at_ns": one.at_ns,
            }
            for one in list(worker.latest.values())
        ],
    }
