"""What we measure against: devices and their certificates, measurement standards, written procedures."""

from standards.models.category import Category
from standards.models.certificate import CertifiedValue, DeviceCertificate
from standards.models.device import Device, DeviceState
from standards.models.procedure import ConfirmedValue, ProcedureVersion
from standards.models.standard import (
    MeasurementStandard,
    StandardDevice,
    StandardLicence,
    StandardPerson,
    StandardState,
)

__all__ = [
    "Category",
    "CertifiedValue",
    "ConfirmedValue",
    "Device",
    "DeviceCertificate",
    "DeviceState",
    "MeasurementStandard",
    "ProcedureVersion",
    "StandardDevice",
    "StandardLicence",
    "StandardPerson",
    "StandardState",
]
