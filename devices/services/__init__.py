"""Writes of the devices app, by topic: what is installed (`installing`), which profiles count (`approving`), who records
(`capturing`), what an instrument is told (`ordering`), the talk with the agents (`polling`), what arrives (`ingesting`), readings
for a standard's capability tests (`testing`)."""

from devices.services.approving import approve_profile, register_profile, withdraw_profile
from devices.services.capturing import close_session, open_session
from devices.services.ingesting import ingest
from devices.services.installing import (
    configure_port,
    register_bench,
    rotate_token,
    set_bench_active,
    unbind_port,
)
from devices.services.ordering import drive, try_port
from devices.services.polling import poll
from devices.services.testing import enter_test_from_session

__all__ = [
    "approve_profile",
    "close_session",
    "configure_port",
    "drive",
    "enter_test_from_session",
    "ingest",
    "open_session",
    "poll",
    "register_bench",
    "register_profile",
    "rotate_token",
    "set_bench_active",
    "try_port",
    "unbind_port",
    "withdraw_profile",
]
