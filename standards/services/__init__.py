"""Writes: one verb each, keyword-only `by=`, one transaction, one event."""

from standards.services.certificates import confirm_certificate, enter_certificate, withdraw_certificate
from standards.services.devices import change_device, register_device, set_device_state
from standards.services.procedures import (
    approve_procedure,
    confirm_value,
    load_procedure,
    retire_procedure,
    sync_packs,
)
from standards.services.standards import (
    add_device,
    change_standard,
    correct_licence,
    enter_licence,
    name_person,
    register_standard,
    release_person,
    remove_device,
    set_standard_state,
)

__all__ = [
    "add_device",
    "approve_procedure",
    "change_device",
    "change_standard",
    "confirm_certificate",
    "confirm_value",
    "correct_licence",
    "enter_certificate",
    "enter_licence",
    "load_procedure",
    "name_person",
    "register_device",
    "register_standard",
    "release_person",
    "remove_device",
    "retire_procedure",
    "set_device_state",
    "set_standard_state",
    "sync_packs",
    "withdraw_certificate",
]
