"""What a record's data would be had a device been right: readings without its error, values of another certificate.

Error means indication minus true value. Nothing is changed in place, and nothing is guessed: what cannot be substituted is
said as a fault. The result is data to evaluate, never a new record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final

from lims.core.text import Text
from standards.procedures.certified import constants_of, corrections_of
from standards.procedures.exact import difference
from standards.procedures.record import parse_number, trimmed
from standards.procedures.schema import Pack, Reading

Data = Mapping[str, Any]

_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
_FINEST: Final = Decimal("1e-20")
"""Digits behind the point that a cell of a record holds; a quotient is rounded there, far below any judged digit."""


@dataclass(frozen=True)
class IndicationError:
    """The error of the devices in a role. relative: (indication - true) / true in `unit` (%, ‰, 1), else the difference itself.

    `quantity`: only readings of this quantity are concerned; empty: all of the role.
    """

    role: str
    relative: bool
    amount: Decimal
    unit: str
    quantity: str = ""


@dataclass(frozen=True)
class Recertified:
    """A device whose certificate `old_sha256` is to be read as another: its `number`, `sha256` and `values` (as in record facts)."""

    asset_number: str
    old_sha256: str
    number: str
    sha256: str
    values: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Substituted:
    """`data` to evaluate; `changed`: how many readings, constants and corrections differ; `faults`: why it says nothing."""

    data: Data
    changed: int
    faults: tuple[Text, ...] = ()


def without_error(pack: Pack, data: Data, error: IndicationError) -> Substituted:
    """The data with every reading of the role as an errorless device would have shown it: `x - e`, or `x / (1 + e)`.

    An absolute error concerns the readings whose unit it converts to exactly. A role without a single such reading is a fault:
    then the effect of the error is unknown, not nothing.
    """
    readings = [one for item in pack.items for one in item.readings if one.role == error.role]
    if not readings:
        return _fault(
            data,
            f"规程没有由“{error.role}”读出的量，示值误差怎样影响结果无法计算",
            f"the procedure has no reading of the role “{error.role}”: how the error bears on the result cannot be computed",
        )
    share = difference(error.unit, "1") if error.relative else None
    if error.relative and (share is None or _CONTEXT.multiply(error.amount, share) <= -1):
        return _fault(
            data,
            f"相对误差 {error.amount} {error.unit} 无法换算",
            f"a relative error of {error.amount} {error.unit} cannot be converted",
        )
    items, changed, touched = {}, 0, 0
    for name, block in data["items"].items():
        rows = []
        for row in block.get("rows", []):
            row, met, moved = _row(pack, data, name, row, error, share)
            rows.append(row)
            touched, changed = touched + met, changed + moved
        items[name] = {**block, "rows": rows}
    if not touched:
        return _fault(
            data,
            f"记录中没有“{error.role}”的、可与误差单位 {error.unit} 换算的读数",
            f"the record has no reading of the role “{error.role}” to whose unit an error in {error.unit} converts",
        )
    return Substituted({**data, "items": items}, changed)


def _row(
    pack: Pack, data: Data, item: str, row: Data, error: IndicationError, share: Decimal | None
) -> tuple[Data, int, int]:
    """One row with its runs; how many readings the error concerns, and how many of them it changes."""
    met = moved = 0
    parts: list[dict[str, str]] = []
    for cells in (row.get("readings", {}), *row.get("runs", [])):
        now = dict(cells)
        for name, reading, text in _concerned(pack, item, cells, error):
            corrected = _corrected(text, error, share, _unit(pack, data, reading))
            if corrected is None:
                continue
            met, moved = met + 1, moved + (corrected != text)
            now[name] = corrected
        parts.append(now)
    return {**row, "readings": parts[0], "runs": parts[1:]}, met, moved


def _concerned(
    pack: Pack, item: str, cells: Mapping[str, str], error: IndicationError
) -> Iterator[tuple[str, Reading, str]]:
    known = pack.item(item) if item in pack.index else None
    for name, text in cells.items():
        reading = known.reading(name) if known else None
        if reading is None or reading.role != error.role or (error.quantity and reading.quantity != error.quantity):
            continue
        if parse_number(text or "") is not None:
            yield name, reading, text


def _corrected(text: str, error: IndicationError, share: Decimal | None, unit: str) -> str | None:
    """The errorless indication; None where the error's unit does not fit the reading's."""
    indicated = Decimal(text)
    if share is not None:
        true = _CONTEXT.divide(indicated, 1 + _CONTEXT.multiply(error.amount, share))
    else:
        by = difference(error.unit, unit)
        if by is None:
            return None
        true = _CONTEXT.subtract(indicated, _CONTEXT.multiply(error.amount, by))
    return text if true == indicated else trimmed(true.quantize(_FINEST, context=_CONTEXT))


def _unit(pack: Pack, data: Data, reading: Reading) -> str:
    """The reading's unit; `@name` is the instrument's choice."""
    if not reading.unit.startswith("@"):
        return reading.unit
    name = reading.unit[1:]
    chosen: str = data.get("parameters", {}).get(name, "")
    return chosen or next((one.default for one in pack.parameters if one.name == name), "")


def recertified(
    pack: Pack, data: Data, devices: Iterable[Mapping[str, Any]], given: Recertified
) -> tuple[Substituted, list[dict[str, Any]]]:
    """The data with the constants and corrections of the other certificate, and the device facts that go with them.

    devices: as the record froze them, in its order. A record that rests on another certificate of the device is left as it is.
    A value that the old certificate gave and the new one does not, or gives in another unit, is a fault.
    """
    before = [dict(one) for one in devices]
    concerned = [
        one
        for one in before
        if one["asset_number"] == given.asset_number and one["certificate_sha256"] == given.old_sha256
    ]
    after = [
        {
            **one,
            "certificate_number": given.number,
            "certificate_sha256": given.sha256,
            "values": [dict(value) for value in given.values],
        }
        if one in concerned
        else one
        for one in before
    ]
    faults: list[Text] = []
    constants = dict(data.get("constants", {}))
    moved = constants_of(pack, after, data.get("parameters", {}))
    for constant in pack.constants:
        # The first device of a role gives its constants.
        at = next((at for at, one in enumerate(before) if one["role"] == constant.role), None)
        if at is None or before[at] not in concerned:
            continue
        old, new = (_single(one[at]["values"], constant.name) for one in (before, after))
        if old is not None and new is None:
            faults.append(
                Text(
                    f"新证书没有给出 {constant.label.zh}（{constant.name}）",
                    f"the new certificate does not give {constant.label.en} ({constant.name})",
                )
            )
        elif old is not None and new is not None and old["unit"] != new["unit"]:
            faults.append(
                Text(
                    f"{constant.label.zh}（{constant.name}）的单位由 {old['unit'] or '无'} 变为 {new['unit'] or '无'}",
                    f"{constant.label.en} ({constant.name}) is given in {new['unit'] or 'no unit'}, formerly {old['unit'] or 'no unit'}",
                )
            )
        elif new is not None:
            constants[constant.name] = moved.get(constant.name, "")
    now: dict[str, Any] = {**data, "constants": constants}
    changed = sum(value != data["constants"].get(name) for name, value in constants.items())
    if "corrections" in data:
        now["corrections"] = corrections_of(pack, after)
        changed += _changed_corrections(data["corrections"], now["corrections"], faults)
    return Substituted(data if faults else now, 0 if faults else changed, tuple(faults)), after


def _changed_corrections(before: Mapping[str, Any], after: Mapping[str, Any], faults: list[Text]) -> int:
    """How many corrections say something else; one that is certified no longer is a fault."""
    changed = 0
    for name in sorted({*before, *after}):
        old, new = before.get(name, {}), after.get(name, {})
        if old.get("form") and not new.get("form"):
            faults.append(Text(f"新证书没有给出 {name}", f"the new certificate does not give {name}"))
        changed += any(old.get(key) != new.get(key) for key in {*old, *new} - {"certificate", "certificate_sha256"})
    return changed


def _single(values: Iterable[Mapping[str, str]], name: str) -> Mapping[str, str] | None:
    matching = [one for one in values if one["name"] == name]
    return matching[0] if len(matching) == 1 and matching[0]["value"] else None


def _fault(data: Data, zh: str, en: str) -> Substituted:
    return Substituted(data, 0, (Text(zh, en),))
