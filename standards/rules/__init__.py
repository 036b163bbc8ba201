"""What may be used on a day, and who may change it. Every refusal says why and what to do."""

from standards.rules.choice import Offer, cautions_on, devices_for, standards_for, usable_on
from standards.rules.deeds import (
    fits_an_address,
    may_approve_procedure,
    may_confirm_certificate,
    may_confirm_value,
    may_correct_certificate,
    may_enter_certificate,
    may_keep_devices,
    may_keep_standards,
    may_load_procedure,
    may_set_device_state,
    may_withdraw_certificate,
    number_is_new,
)
from standards.rules.keeping import can_end, can_serve, licence_stands, not_a_member, not_named, scope_is_named
from standards.rules.usability import device_usable_on, procedure_usable_on, standard_usable_on

__all__ = [
    "Offer",
    "can_end",
    "can_serve",
    "cautions_on",
    "device_usable_on",
    "devices_for",
    "fits_an_address",
    "licence_stands",
    "may_approve_procedure",
    "may_confirm_certificate",
    "may_confirm_value",
    "may_correct_certificate",
    "may_enter_certificate",
    "may_keep_devices",
    "may_keep_standards",
    "may_load_procedure",
    "may_set_device_state",
    "may_withdraw_certificate",
    "not_a_member",
    "not_named",
    "number_is_new",
    "procedure_usable_on",
    "scope_is_named",
    "standard_usable_on",
    "standards_for",
    "usable_on",
]
