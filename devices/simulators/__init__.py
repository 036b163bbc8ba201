"""Counterparts on pseudo-terminals: simulated instruments that speak the bytes and follow a small physical model."""

from devices.simulators.demo import DemoRigs, demo_rigs
from devices.simulators.filling import Tank
from devices.simulators.rig import SERIALS

__all__ = ["SERIALS", "DemoRigs", "Tank", "demo_rigs"]
