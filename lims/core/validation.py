"""Field errors of Django as refusals, so that services speak one language."""

from typing import TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, ValidationError
from django.db import models
from django.utils import translation

from lims.core.text import Reason, Refused, Text

M = TypeVar("M", bound=models.Model)


def _messages(error: ValidationError, language: str) -> list[str]:
    with translation.override(language):
        return [str(message) for message in error.messages]


def _label(obj: models.Model, field: str, language: str) -> str:
    with translation.override(language):
        try:
            return str(obj._meta.get_field(field).verbose_name)
        except FieldDoesNotExist:
            return field


def reasons_of(obj: models.Model, error: ValidationError) -> tuple[Reason, ...]:
    """One reason per message, each naming its field in both languages."""
    found: list[Reason] = []
    for field, problems in error.error_dict.items():
        whole = ValidationError(problems)
        for zh, en in zip(_messages(whole, "zh-hans"), _messages(whole, "en"), strict=True):
            if field == NON_FIELD_ERRORS:
                found.append(Reason("invalid", Text(zh, en)))
                continue
            labels = _label(obj, field, "zh-hans"), _label(obj, field, "en")
            found.append(Reason("invalid", Text(f"{labels[0]}：{zh}", f"{labels[1]}: {en}"), where=field))
    return tuple(found)


def checked(obj: M, *, exclude: tuple[str, ...] = ()) -> M:
    """The object itself when its fields and constraints hold. Raises Refused with a reason per fault."""
    try:
        obj.full_clean(exclude=exclude)
    except ValidationError as error:
        raise Refused(*reasons_of(obj, error)) from error
    return obj
