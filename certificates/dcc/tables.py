"""A table of results as a list of quantities: every column keeps the order and the number of its rows.

A cell without a value is NaN, which the D-SI lists admit for just that; so row n of every column is one measurement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from certificates.documents.facts import both
from lims.core.text import Text

from .nodes import Node, add, said, si, words
from .units import Foreign, unit

ABSENT = "NaN"
Limits = tuple[str, str]

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_DASHES = frozenset({"", "—", "–", "-", "/"})
# What the field itself calls a column; anything else keeps its name only.
_TERMS = (
    (re.compile(r"误差$"), "basic_measurementError"),
    (re.compile(r"^标准"), "basic_referenceValue"),
    (re.compile(r"示值"), "basic_measuredValue"),
)
# JJF 1059.1-2012, 5.3: k = 2 stands for a coverage probability of about 95 % and needs no further word.
_USUAL = {"2": "0.95", "2.0": "0.95", "2.00": "0.95"}


def number_of(text: str) -> str:
    """The number of a cell with an ASCII sign, NaN for an empty cell or a dash; empty for words."""
    given = text.strip().replace("−", "-")
    if given in _DASHES:
        return ABSENT
    return given if _NUMBER.fullmatch(given) else ""


def limits_of(text: str) -> Limits | None:
    """Lower and upper of printed limits (`±2.0`, `≤ 0.10`, `≥ 1`, `-1 … 2`), NaN where open; None for other text."""
    given = text.strip().replace("−", "-")
    if given in _DASHES:
        return ABSENT, ABSENT
    if given[0] == "±" and _NUMBER.fullmatch(given[1:]):
        return f"-{given[1:]}", given[1:]
    found: list[str] = []
    if given[0] in "≤≥":
        bound = given[1:].strip()
        found = [ABSENT, bound] if given[0] == "≤" else [bound, ABSENT]
    elif "…" in given:
        found = [part.strip() for part in given.split("…")]
    if len(found) == 2 and all(one == ABSENT or _NUMBER.fullmatch(one) for one in found):
        return found[0], found[1]
    return None


def add_real(quantity: Node, values: Sequence[str], spelled: str) -> None:
    """One number as si:real, several as a list."""
    if len(values) == 1:
        real = si(quantity, "real")
        si(real, "value", values[0])
        si(real, "unit", spelled)
    else:
        add_list(quantity, values, spelled)


def add_list(quantity: Node, values: Sequence[str], spelled: str) -> Node:
    listed = si(quantity, "realListXMLList")
    si(listed, "valueXMLList", " ".join(values))
    si(listed, "unitXMLList", spelled)
    return listed


def add_limits(metadata: Node, limits: Sequence[Limits], spelled: str) -> None:
    """Acceptance limits of a quantity, one pair per row."""
    meta = add(metadata, "metaData")
    words(meta, "name", Text("允许范围", "Limits"))
    data = add(meta, "data")
    bounds = (("Lower", Text("下限", "Lower limit")), ("Upper", Text("上限", "Upper limit")))
    for place, (end, label) in enumerate(bounds):
        values = [one[place] for one in limits]
        if any(value != ABSENT for value in values):
            quantity = add(data, "quantity", refType=f"basic_acceptanceLimit{end}")
            words(quantity, "name", label)
            add_real(quantity, values, spelled)
    if not len(data):
        words(data, "text", Text("无", "None"))


def add_table(data: Node, result: Mapping[str, Any], name: str, path: str) -> Node:
    """The table as a dcc:list, one quantity per column; limits and uncertainty stand with the column they belong to."""
    columns = [_Column(result, at, f"{path}.columns[{at}]") for at in range(len(result["columns"]))]
    by_key = {column.key: column for column in columns}
    listed = add(data, "list", refType="gp_table1", id=f"{name}-table")
    for column in columns:
        kind, _, target = column.key.partition(":")
        owner = by_key.get(target) if kind in ("limit", "U", "k") else None
        if owner is None or not owner.is_real or not column.belongs_to(owner, by_key):
            column.write(listed, f"{name}-{re.sub('[^A-Za-z0-9_.]', '_', column.key)}-{column.place}", by_key)
    return listed


class _Column:
    """One column of a results table: its texts, and what a machine can take them for."""

    def __init__(self, result: Mapping[str, Any], place: int, path: str) -> None:
        given = result["columns"][place]
        self.place = place
        self.key = str(given.get("key") or f"column{place + 1}")
        self.label = both(given["label"])
        self.printed_unit = str(given.get("unit") or "")
        self.probability = str(given.get("probability") or "")
        self.path = path
        self.cells = [row[place] if place < len(row) else "" for row in result["rows"]]
        self.numbers = [number_of(cell) if isinstance(cell, str) else "" for cell in self.cells]
        counted = all(self.numbers) and any(one != ABSENT for one in self.numbers)
        self.unit = unit(self.printed_unit, f"{path}.unit") if counted or self.printed_unit else ""
        self.is_counted = counted
        self.is_real = counted and not isinstance(self.unit, Foreign)

    def limits(self) -> list[Limits] | None:
        found = [limits_of(cell) if isinstance(cell, str) else None for cell in self.cells]
        return [one for one in found if one] if all(found) else None

    def belongs_to(self, owner: _Column, by_key: Mapping[str, _Column]) -> bool:
        """Whether this column can be told as the limits, uncertainty or factor of another, without losing a value."""
        kind, _, target = self.key.partition(":")
        if kind == "limit":
            return self.limits() is not None and self.printed_unit == owner.printed_unit
        size, factor = by_key.get(f"U:{target}"), by_key.get(f"k:{target}")
        if size is None or factor is None or size.printed_unit != owner.printed_unit:
            return False
        gaps = [value == ABSENT for value in size.numbers]
        return size.is_real and factor.is_real and gaps == [value == ABSENT for value in factor.numbers]

    def write(self, listed: Node, name: str, by_key: Mapping[str, _Column]) -> None:
        ref = next((ref for pattern, ref in _TERMS if pattern.search(self.label.zh)), "")
        plain = not self.key.startswith(("limit:", "U:", "k:"))
        quantity = add(listed, "quantity", id=name, **({"refType": ref} if ref and plain and self.is_counted else {}))
        words(quantity, "name", self.label)
        if self.is_real:
            values = add_list(quantity, self.numbers, str(self.unit))
            self._uncertainty(values, by_key)
            self._limits(quantity, by_key)
        elif isinstance(self.unit, Foreign) and self.is_counted:
            add(quantity, "charsXMLList", " ".join(self.numbers))
            self._foreign(quantity, self.unit)
        else:
            self._words(quantity)

    def _uncertainty(self, values: Node, by_key: Mapping[str, _Column]) -> None:
        size, factor = by_key.get(f"U:{self.key}"), by_key.get(f"k:{self.key}")
        if size is None or factor is None or not size.belongs_to(self, by_key):
            return
        expanded = si(si(values, "measurementUncertaintyUnivariateXMLList"), "expandedMUXMLList")
        si(expanded, "valueExpandedMUXMLList", " ".join(size.numbers))
        si(expanded, "coverageFactorXMLList", " ".join(factor.numbers))
        # A factor for which nobody stated a probability keeps it unknown.
        stated = [size.probability or _USUAL.get(one, ABSENT) if one != ABSENT else ABSENT for one in factor.numbers]
        si(expanded, "coverageProbabilityXMLList", " ".join(stated))

    def _limits(self, quantity: Node, by_key: Mapping[str, _Column]) -> None:
        column = by_key.get(f"limit:{self.key}")
        if column is not None and column.belongs_to(self, by_key):
            add_limits(add(quantity, "measurementMetaData"), column.limits() or [], str(self.unit))

    def _foreign(self, quantity: Node, spelled: Foreign) -> None:
        meta = add(add(quantity, "measurementMetaData"), "metaData")
        words(meta, "declaration", Text(f"单位：{self.printed_unit}", f"Unit: {spelled.code}"))
        add(meta, "nonSIDefinition", spelled.definition)
        add(meta, "nonSIUnit", spelled.code)

    def _words(self, quantity: Node) -> None:
        if self.printed_unit:
            words(quantity, "description", Text(f"单位：{self.printed_unit}", f"Unit: {self.printed_unit}"))
        texts = [said(cell) for cell in self.cells]
        node = add(quantity, "noQuantity")
        for text in texts:
            add(node, "content", text.zh, lang="zh")
        if any(text.en for text in texts):
            for text in texts:
                add(node, "content", text.en or text.zh, lang="en")
