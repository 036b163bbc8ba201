"""What of a certificate follows from its record and its procedure alone. Plain Python: the stand-alone verifier works it out
once more and compares it with what was issued."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from certificates import validity
from standards.procedures import Pack

_INSTRUMENT = ("model", "serial", "manufacturer", "accuracy_class", "range", "part")
_STANDARD = ("range", "accuracy", "certificate_number", "valid_until")
_DEVICE = ("model", "serial", "range", "accuracy", "certificate_number", "issuer", "valid_until")
_NAME = re.compile(r"\{(\w+)\}")


def from_record(record: Mapping[str, Any], pack: Pack) -> dict[str, Any]:
    """The derived fields of `certificate-facts/1`. `record`: the frozen facts of the original record (`record-facts/1`).

    An empty `place` stands for the institute's own address. Raises KeyError where the record lacks a field.
    """
    outcome = record["evaluation"]["conclusion"]
    until = valid_until(record, pack)
    return {
        "kind": kind(record),
        "client": dict(record["client"]),
        "instrument": {"name": record["instrument"]["name"], **{key: record["instrument"][key] for key in _INSTRUMENT}},
        "procedure": dict(record["procedure"]),
        "conclusion": _conclusion(pack, record, outcome),
        "dates": {
            "received": record["task"]["received_on"],
            "verified": record["dates"]["verified"],
            "valid_until": until.isoformat() if until else "",
        },
        "people": {"technician": _verified_by(record["people"])},
        "standards": [{"name": one["name"], **{key: one[key] for key in _STANDARD}} for one in record["standards"]],
        "devices": _devices(record["devices"]),
        "place": record["task"]["place"] or record["instrument"]["site"],
        "environment": [
            {"name": one["label"], "value": _span(one["values"]), "unit": one["unit"]} for one in record["environment"]
        ],
        "results": [_printed(one) for one in record["results"] if not one.get("before")],
        "adjustment": _adjustment(record),
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


def _verified_by(people: Mapping[str, Any]) -> dict[str, Any]:
    """Whoever answers for the verification: of a trainee's work the supervisor, who confirmed it. The record names both."""
    return dict(people.get("supervised_by") or people["technician"])


def kind(record: Mapping[str, Any]) -> str:
    """Which document a record ends with: calibration, arbitration, verification or rejection."""
    asked = str(record["task"]["kind"])
    if asked in ("calibration", "arbitration"):
        return asked
    return "verification" if record["evaluation"]["conclusion"] == "pass" else "rejection"


def valid_until(record: Mapping[str, Any], pack: Pack) -> date | None:
    """The last valid day of a passing verification; None for every other document, and when the period is open."""
    asked = str(record["task"]["kind"])
    if record["evaluation"]["conclusion"] != "pass" or asked in ("calibration", "in_use"):
        return None
    months = validity.months_for(pack, kind=asked, parameters=record["data"]["parameters"])
    return validity.last_valid_day(date.fromisoformat(record["dates"]["verified"]), months) if months else None


def _printed(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != "before"}


def _adjustment(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was done to the instrument before the results that count, and what it showed until then."""
    done = record["data"].get("adjustment") or {}
    if not done.get("kind"):
        return None
    return {
        "kind": done["kind"],
        "text": {"zh": done["text"], "en": done["text_en"]},
        "results": [_printed(one) for one in record["results"] if one.get("before")],
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


def _conclusion(pack: Pack, record: Mapping[str, Any], outcome: str) -> dict[str, Any]:
    """The procedure's own sentence, with the labels of the parameters it names filled in; none for a calibration, which
    states no conformity."""
    if outcome == "recorded":
        return {"outcome": outcome, "text": {"zh": "", "en": ""}, "failed_items": []}
    parameters = record["data"]["parameters"]
    words = pack.wording.passed if outcome == "pass" else pack.wording.failed
    text = {"zh": words.zh, "en": words.en}
    for language, sentence in text.items():
        names = {name: _label(pack, parameters, name, language) for name in _NAME.findall(sentence)}
        text[language] = _NAME.sub(lambda found, names=names: names[found[1]], sentence)  # type: ignore[misc]
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


def _devices(devices: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each device once, however many roles it played."""
    seen: dict[str, dict[str, Any]] = {}
    for one in devices:
        seen.setdefault(one["asset_number"], {"name": one["name"], **{key: one[key] for key in _DEVICE}})
    return list(seen.values())


def _span(values: list[str]) -> str:
    """`23.1～23.4` for two different values, the value itself for one."""
    filled = [value for value in values if value]
    return "～".join(dict.fromkeys(filled))
