"""What a step of the guided way is made of."""

from dataclasses import dataclass

from django.urls import reverse

from lims.core.text import Reason, Text
from standards.models import MeasurementStandard


@dataclass(frozen=True)
class Step:
    """One step: what is there, what is missing, and the address of the page where it is done."""

    code: str
    title: Text
    held: tuple[Text, ...]
    missing: tuple[Reason, ...]
    address: str


def missing(code: str, zh: str, en: str) -> Reason:
    return Reason(code, Text(zh, en))


def page(name: str, standard: MeasurementStandard, anchor: str = "") -> str:
    return reverse(f"standards:{name}", args=[standard.code]) + (f"#{anchor}" if anchor else "")
