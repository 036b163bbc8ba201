"""Certificate facts: what the document prints, taken from the frozen facts of its record and nothing else.

The shape is `certificate-facts/1`, checked by `certificates.documents`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings

from certificates import validity
from certificates.models import Certificate
from instruments.models import Task
from lims.people.models import Organisation, User
from standards.procedures import Pack

_INSTRUMENT = ("model", "serial", "manufacturer", "accuracy_class", "range", "part")
_STANDARD = ("range", "accuracy", "certificate_number", "valid_until")
_DEVICE = ("model", "serial", "range", "accuracy", "certificate_number", "issuer", "valid_until")
_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Identity:
    """What only the issuing knows: number, check value, public address, day of issue."""

    number: str
    check_value: str
    verify_url: str
    issued_on: date


def kind_of(task: Task, outcome: str) -> str:
    """Which document a task ends with."""
    if task.kind == Task.Kind.CALIBRATION:
        return Certificate.Kind.CALIBRATION
    if task.kind == Task.Kind.ARBITRATION:
        return Certificate.Kind.ARBITRATION
    return Certificate.Kind.VERIFICATION if outcome == "pass" else Certificate.Kind.REJECTION


def valid_until(pack: Pack, task: Task, record: Mapping[str, Any]) -> date | None:
    """The last valid day of a passing verification; None for every other document, and when the period is open."""
    if record["evaluation"]["conclusion"] != "pass" or task.kind in (Task.Kind.CALIBRATION, Task.Kind.IN_USE):
        return None
    months = validity.months_for(pack, kind=task.kind, parameters=record["data"]["parameters"])
    return validity.last_valid_day(date.fromisoformat(record["dates"]["verified"]), months) if months else None


def build(
    *,
    record: Mapping[str, Any],
    record_number: str,
    pack: Pack,
    task: Task,
    institute: Organisation,
    checker: User,
    approver: User,
    identity: Identity,
    replaces: str | None = None,
    supplements: str | None = None,
) -> dict[str, Any]:
    """The facts of one certificate. `record` are the frozen facts of the original record.

    `replaces`, `supplements`: the number of the certificate whose place this one takes, or that it completes.
    """
    outcome = record["evaluation"]["conclusion"]
    until = valid_until(pack, task, record)
    return {
        "schema": "certificate-facts/1",
        "kind": kind_of(task, outcome),
        "demonstration": settings.DEMONSTRATION,
        "number": identity.number,
        "replaces": replaces,
        "supplements": supplements,
        "check_value": identity.check_value,
        "verify_url": identity.verify_url,
        "record_number": record_number,
        "institute": _institute(institute),
        "client": dict(record["client"]),
        "instrument": {"name": record["instrument"]["name"], **{key: record["instrument"][key] for key in _INSTRUMENT}},
        "procedure": dict(record["procedure"]),
        "conclusion": _conclusion(pack, record, outcome),
        "dates": {
            "received": record["task"]["received_on"],
            "verified": record["dates"]["verified"],
            "issued": identity.issued_on.isoformat(),
            "valid_until": until.isoformat() if until else "",
        },
        "people": {
            "technician": dict(record["people"]["technician"]),
            "checker": {"name": str(checker), "id": str(checker.pk)},
            "approver": {
                "name": str(approver),
                "id": str(approver.pk),
                "title": {"zh": approver.title, "en": approver.title_en},
            },
        },
        "standards": [{"name": one["name"], **{key: one[key] for key in _STANDARD}} for one in record["standards"]],
        "devices": _devices(record["devices"]),
        "place": record["task"]["place"] or record["instrument"]["site"] or institute.address,
        "environment": [
            {"name": one["label"], "value": _span(one["values"]), "unit": one["unit"]} for one in record["environment"]
        ],
        "results": record["results"],
        "adjustment": None,
        "exceptions": [
            {"text": one["text"], "approved_by": one["approved_by"], "reason": one["reason"]}
            for one in record["exceptions"]
        ],
        "unconfirmed": [
            {"what": one["what"], "value": one["value"], "source": one["source"]}
            for one in record["unconfirmed"]
            if _decides(one["path"])
        ],
        "notes": _notes(pack, record, outcome),
    }


def _decides(path: str) -> bool:
    """Whether an unconfirmed value bears on the conclusion or the validity itself: a limit, or the period."""
    return ".limits[" in path or path.startswith("period")


def _notes(pack: Pack, record: Mapping[str, Any], outcome: str) -> list[dict[str, str]]:
    notes = [one.as_json() for one in pack.wording.statements] if outcome == "pass" else []
    others = sum(not _decides(one["path"]) for one in record["unconfirmed"])
    if others:
        notes.append(
            {
                "zh": f"本次所用规程数据中另有 {others} 项（检定点、次数、修约间隔等）尚未由本机构确认，逐项列于原始记录。",
                "en": f"A further {others} values of the procedure (points, repeats, rounding and the like) are not yet "
                "confirmed by the institute; the original record lists each of them.",
            }
        )
    return notes


def _institute(institute: Organisation) -> dict[str, Any]:
    return {
        "name": {"zh": institute.name, "en": institute.name_en or institute.name},
        "authorisation_number": institute.authorisation_number,
        "address": {"zh": institute.address, "en": institute.address},
        "postcode": institute.postcode,
        "phone": institute.phone,
        "email": institute.email,
    }


def _conclusion(pack: Pack, record: Mapping[str, Any], outcome: str) -> dict[str, Any]:
    """The procedure's own sentence, with the labels of the parameters it names filled in."""
    parameters = record["data"]["parameters"]
    words = pack.wording.passed if outcome == "pass" else pack.wording.failed
    text = {"zh": words.zh, "en": words.en}
    for language in text:
        text[language] = _NAME.sub(lambda found, to=language: _label(pack, parameters, found[1], to), text[language])
    failed = [pack.item(name).title.as_json() for name in record["evaluation"]["failed_items"]]
    return {"outcome": outcome, "text": text, "failed_items": failed}


def _label(pack: Pack, parameters: Mapping[str, str], name: str, language: str) -> str:
    value = parameters.get(name, "")
    for parameter in pack.parameters:
        if parameter.name == name:
            for option in parameter.options:
                if option.value == value:
                    return option.label.get(language)
    return value


def _devices(devices: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each device once, however many roles it played."""
    seen: dict[str, dict[str, Any]] = {}
    for one in devices:
        seen.setdefault(one["asset_number"], {"name": one["name"], **{key: one[key] for key in _DEVICE}})
    return list(seen.values())


def _span(values: list[str]) -> str:
    """`23.1～23.4` for two different values, the value itself for one."""
    filled = [value for value in values if value]
    return "～".join(dict.fromkeys(filled))
