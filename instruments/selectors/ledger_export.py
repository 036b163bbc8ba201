"""The ledger as rows of a spreadsheet."""

from collections.abc import Iterable, Iterator
from datetime import date

from django.utils import timezone, translation

from instruments.models import Instrument
from instruments.selectors.ledger import parameter_names
from instruments.spreadsheet import writing
from standards.models import Category


def export(rows: Iterable[Instrument]) -> bytes:
    """An XLSX file that can be imported again and then changes nothing."""
    with translation.override("zh-hans"):
        return writing.write(_mappings(rows))


def _mappings(rows: Iterable[Instrument]) -> Iterator[dict[str, str | date]]:
    for one in rows:
        row: dict[str, str | date] = {
            "ledger_number": one.ledger_number,
            "organisation": one.organisation.name,
            "site": one.site.name if one.site else "",
            "address": one.site.address if one.site else "",
            "district": one.site.district if one.site else "",
            "position": one.position,
            "category": str(one.get_category_display()),
            "name": one.name,
            "name_en": one.name_en,
            "model": one.model,
            "manufacturer": one.manufacturer,
            "serial": one.serial,
            "accuracy_class": one.accuracy_class,
            "measuring_range": one.measuring_range,
            "parameters": "；".join(f"{name}={value}" for name, value in sorted(one.parameters.items())),
            "state": str(one.get_state_display()),
        }
        if one.due_on:
            row["due_on"] = one.due_on
        yield row


def template() -> bytes:
    """The empty file to fill in, with what the procedures in force ask of each category."""
    day = timezone.localdate()
    with translation.override("zh-hans"):
        parameters = [
            (str(label), "；".join(f"{name}（{text}）" for name, text in parameter_names(code, day).items()))
            for code, label in Category.choices
        ]
        return writing.template(
            categories=[str(label) for label in Category.labels],
            states=[str(label) for label in Instrument.State.labels],
            parameters=[one for one in parameters if one[1]],
        )
