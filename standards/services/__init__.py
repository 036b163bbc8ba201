"""Writes: one verb each, keyword-only `by=`, one transaction, one event."""

from standards.services.capability import add_parameter, change_parameter, enter_test, set_plan, withdraw_test
from standards.services.certificates import confirm_certificate, enter_certificate, withdraw_certificate
from standards.services.changes import decide_change, open_change
from standards.services.devices import change_device, note_device, register_device, set_device_state
from standards.services.examinations import (
    abandon_examination,
    open_examination,
    record_examination,
    submit_examination,
)
from standards.services.imports import import_dcc, receive_dcc
from standards.services.papers import file_paper, withdraw_paper, write_report_text
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
    "abandon_examination",
    "add_device",
    "add_parameter",
    "approve_procedure",
    "change_device",
    "change_parameter",
    "change_standard",
    "confirm_certificate",
    "confirm_value",
    "correct_licence",
    "decide_change",
    "enter_certificate",
    "enter_licence",
    "enter_test",
    "file_paper",
    "import_dcc",
    "load_procedure",
    "name_person",
    "note_device",
    "open_change",
    "open_examination",
    "receive_dcc",
    "record_examination",
    "register_device",
    "register_standard",
    "release_person",
    "remove_device",
    "retire_procedure",
    "set_device_state",
    "set_plan",
    "set_standard_state",
    "submit_examination",
    "sync_packs",
    "withdraw_certificate",
    "withdraw_paper",
    "withdraw_test",
    "write_report_text",
]
