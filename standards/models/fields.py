"""Columns that hold measured digits."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


def validate_digits(value: str) -> None:
    """Refuses what is not a finite decimal number."""
    try:
        finite = Decimal(value).is_finite()
    except InvalidOperation:
        finite = False
    if not finite or value != value.strip() or "_" in value:
        raise ValidationError(_("“%(value)s”不是十进制数"), params={"value": value}, code="digits")


class DigitsField(models.CharField):
    """A decimal number kept exactly as printed, trailing zeros included; empty when there is none.

    A text column on purpose: SQLite keeps DECIMAL as binary floating point.
    """

    default_validators = [validate_digits]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)
