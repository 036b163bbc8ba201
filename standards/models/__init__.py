"""What we measure against: devices and their certificates, measurement standards, written procedures."""

from standards.models.capability import CapabilityTest, Parameter, UpkeepPlan
from standards.models.category import Category
from standards.models.certificate import CertifiedValue, DeviceCertificate, StatedStandard
from standards.models.changes import ChangeCase
from standards.models.device import Device, DeviceNote, DeviceState
from standards.models.examination import ExaminationCase
from standards.models.papers import ReportText, StandardPaper
from standards.models.procedure import ConfirmedValue, ProcedureVersion
from standards.models.standard import (
    MeasurementStandard,
    StandardDevice,
    StandardLicence,
    StandardPerson,
    StandardState,
)

__all__ = [
    "CapabilityTest",
    "Category",
    "CertifiedValue",
    "ChangeCase",
    "ConfirmedValue",
    "Device",
    "DeviceCertificate",
    "DeviceNote",
    "DeviceState",
    "ExaminationCase",
    "MeasurementStandard",
    "Parameter",
    "ProcedureVersion",
    "ReportText",
    "StandardDevice",
    "StandardLicence",
    "StandardPaper",
    "StandardPerson",
    "StandardState",
    "StatedStandard",
    "UpkeepPlan",
]
