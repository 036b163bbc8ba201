"""D-SI quantities as text: single numbers, lists, the same numbers in several units, and their uncertainty in old and new form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml.etree import _Element as Node

from lims.core.text import Text

from .report import Note, Quantity, Series
from .units import our_name
from .xml import DCC, NAMES, SI, children, named, path_of, said, words

ABSENT = "NaN"
LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
# How the size of the uncertainty, its factor and its probability are called, by the element that holds them.
_EXPANDED = {
    "expandedUnc": ("uncertainty", "coverageFactor", "coverageProbability"),
    "expandedMU": ("valueExpandedMU", "coverageFactor", "coverageProbability"),
    "expandedUncXMLList": ("uncertaintyXMLList", "coverageFactorXMLList", "coverageProbabilityXMLList"),
    "expandedMUXMLList": ("valueExpandedMUXMLList", "coverageFactorXMLList", "coverageProbabilityXMLList"),
}
# A standard uncertainty is an expanded one with k = 1.
_STANDARD = {"standardMU": "valueStandardMU", "standardMUXMLList": "valueStandardMUXMLList"}
# The third spelling is a slip of the schema SI_Format 2.x itself.
_WRAPPERS = {
    "measurementUncertaintyUnivariate", "measurementUncertaintyUnivariateXMLList", "measurementUncertaintyUnivaraite",
    "listMeasurementUncertaintyUnivariate", "listUnivariateUnc",
}  # fmt: skip
# What belongs to a quantity and says nothing about its numbers.
_BESIDE = {
    "label", "labelXMLList", "quantityType", "quantityTypeQUDT", "quantityTypeXMLList", "quantityTypeQUDTXMLList",
    "listQuantityType", "dateTime", "dateTimeXMLList", "significantDigit", "significantDigitXMLList",
    "listsignificantDigit", "distribution", "distributionXMLList",
    "value", "valueXMLList", "unit", "unitXMLList", "listUnit", "real",
}  # fmt: skip


@dataclass
class _Draft:
    """A series while it is read."""

    path: str
    values: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    expanded: list[str] = field(default_factory=list)
    factors: list[str] = field(default_factory=list)
    probabilities: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def fault(self, path: str, zh: str, en: str) -> None:
        self.notes.append(Note(path, Text(zh, en)))


def quantity(node: Node, group: str) -> Quantity:
    """One `dcc:quantity`. Never raises: what is wrong stands in the notes of its series, and forbids their use."""
    path, series = path_of(node), list[Series]()
    text = Text("", "")
    beside: list[Note] = []
    for part in children(node):
        name = named(part)
        if name == "si:hybrid":
            series += [_series(one) for one in children(part)]
            _same_length(series, path)
        elif name in ("dcc:noQuantity", "dcc:charsXMLList"):
            text = words(part) if name == "dcc:noQuantity" else Text(part.text or "", part.text or "")
            if name == "dcc:charsXMLList":
                series.append(_foreign(part, node))
        elif name.startswith("si:"):
            series.append(_series(part))
        elif name == "dcc:relativeUncertainty":
            zh = "不确定度以相对值给出，尚不能读取；请按证书手工录入。"
            en = "The uncertainty is stated as a relative one, which is not read yet; type it in from the certificate."
            beside.append(Note(path_of(part), Text(zh, en)))
    if beside:
        series = [_with_notes(one, beside) for one in series]
    return Quantity(path, group, words(node.find("dcc:name", NAMES)), _roles(node), tuple(series), text)


def _roles(node: Node) -> tuple[str, ...]:
    return tuple((node.get("refType") or "").split())


def _with_notes(one: Series, notes: list[Note]) -> Series:
    return Series(
        one.path, one.dsi, one.unit, one.values, one.expanded, one.factors, one.probabilities, (*one.notes, *notes)
    )


def _same_length(series: list[Series], path: str) -> None:
    if len({len(one.values) for one in series}) > 1:
        zh, en = "各单位下的数值个数不同。", "The units do not have the same number of values."
        series[:] = [_with_notes(one, [Note(path, Text(zh, en))]) for one in series]


def _series(node: Node) -> Series:
    draft = _Draft(path_of(node))
    name = named(node)
    if name in ("si:real", "si:constant"):
        draft.values, draft.units = [said(node, "si:value")], [said(node, "si:unit")]
        _uncertainty(draft, node, single=True)
    elif name == "si:realListXMLList":
        draft.values = _listed(node, "si:valueXMLList")
        draft.units = _listed(node, "si:unitXMLList")
        _uncertainty(draft, node, single=False)
    elif name in ("si:realList", "si:list"):
        _old_list(draft, node)
    else:
        zh, en = f"尚不能读取 {name} 形式的数值。", f"Numbers in the form {name} are not read yet."
        draft.fault(draft.path, zh, en)
    return _finished(draft)


def _listed(node: Node, path: str) -> list[str]:
    found = node.find(path, NAMES)
    return (found.text or "").split() if found is not None else []


def _old_list(draft: _Draft, node: Node) -> None:
    """A list with one element per number; a unit or an uncertainty of the whole list holds for each."""
    common = said(node, "si:listUnit")
    parts: list[_Draft] = []
    for one in node.iterchildren(f"{{{SI}}}real"):
        part = _Draft(path_of(one), [said(one, "si:value")], [said(one, "si:unit") or common])
        _uncertainty(part, one, single=True)
        parts.append(part)
    if not parts:
        draft.fault(draft.path, "列表中没有数值。", "The list has no numbers.")
    whole = _Draft(draft.path)
    _uncertainty(whole, node, single=True)
    draft.notes += whole.notes
    for part in parts:
        draft.values += part.values
        draft.units += part.units
        draft.notes += part.notes
        source = part if part.expanded else whole
        for name in ("expanded", "factors", "probabilities"):
            getattr(draft, name).extend(getattr(source, name) or [ABSENT])
    if all(one == ABSENT for one in draft.expanded):
        draft.expanded, draft.factors, draft.probabilities = [], [], []


def _uncertainty(draft: _Draft, node: Node, *, single: bool) -> None:
    """U, k and probability of a number or a list; a form that is not known forbids the use of the numbers."""
    for part in children(node):
        name = named(part).removeprefix("si:")
        if name in _WRAPPERS:
            _uncertainty(draft, part, single=single)
        elif name in _EXPANDED:
            size, factor, probability = _EXPANDED[name]
            draft.expanded = _stated(draft, part, size, single=single)
            draft.factors = _stated(draft, part, factor, single=single)
            draft.probabilities = _listed(part, f"si:{probability}")
        elif name in _STANDARD:
            draft.expanded = _stated(draft, part, _STANDARD[name], single=single)
            draft.factors = ["1"] * len(draft.expanded)
        elif name == "uncertainty":
            draft.fault(path_of(part), "该不确定度没有包含因子，不能使用。", "This uncertainty has no coverage factor.")
        elif name not in _BESIDE:
            zh = f"不确定度以 {name} 的形式给出，尚不能读取；请按证书手工录入。"
            en = f"The uncertainty is stated as {name}, which is not read yet; type it in from the certificate."
            draft.fault(path_of(part), zh, en)


def _stated(draft: _Draft, node: Node, name: str, *, single: bool) -> list[str]:
    found = _listed(node, f"si:{name}")
    if not found or (single and len(found) != 1):
        draft.fault(path_of(node), f"缺少 si:{name}。", f"si:{name} is missing.")
    return found


def _finished(draft: _Draft) -> Series:
    """Checks every number and length, and spreads what holds for the whole list over its values."""
    count = len(draft.values)
    if not count and not draft.notes:
        draft.fault(draft.path, "没有数值。", "There are no values.")
    for name, zh, en, found in (
        ("values", "数值", "value", draft.values),
        ("expanded", "不确定度", "uncertainty", draft.expanded),
        ("factors", "包含因子", "coverage factor", draft.factors),
        ("probabilities", "包含概率", "coverage probability", draft.probabilities),
    ):
        if name != "values" and found:
            found[:] = _spread(draft, found, count, zh, en)
        for place, text in enumerate(found):
            if fault := _no_number(text):
                where = f"第 {place + 1} 个{zh}", f"{en} {place + 1}"
                draft.fault(draft.path, f"{where[0]}“{text[:60]}”{fault[0]}", f"{where[1]} “{text[:60]}” {fault[1]}")
    unit = _unit(draft, count)
    return Series(
        draft.path,
        unit,
        our_name(unit),
        _present(draft.values),
        _present(draft.expanded),
        _present(draft.factors),
        _present(draft.probabilities),
        tuple(draft.notes),
    )


def _present(found: list[str]) -> tuple[str, ...]:
    return tuple("" if one == ABSENT else one for one in found)


def _spread(draft: _Draft, found: list[str], count: int, zh: str, en: str) -> list[str]:
    if len(found) == 1:
        return found * count
    if len(found) != count:
        draft.fault(
            draft.path,
            f"有 {count} 个数值，却有 {len(found)} 个{zh}。",
            f"There are {count} values and {len(found)} of {en}.",
        )
    return found


def _unit(draft: _Draft, count: int) -> str:
    """The one unit of the series; several different ones, or none, forbid its use."""
    units = [one for one in draft.units if one]
    if not units:
        draft.fault(draft.path, "没有单位。", "There is no unit.")
        return ""
    if len(units) not in (1, count):
        zh = f"有 {count} 个数值，却有 {len(units)} 个单位。"
        draft.fault(draft.path, zh, f"There are {count} values and {len(units)} units.")
    if len(set(units)) > 1:
        draft.fault(draft.path, "同一列中单位不同，不能作为一列使用。", "The units differ within one list.")
    return units[0]


def _no_number(text: str) -> tuple[str, str] | None:
    """Why the text is not a number we take, or None. Absence, written NaN, is one."""
    if text == ABSENT or (_NUMBER.fullmatch(text) and len(text) <= LONGEST_NUMBER):
        return None
    if _COMMA.fullmatch(text):
        return "使用了小数逗号，D-SI 规定用小数点。", "has a decimal comma; D-SI writes a decimal point."
    return "不是十进制数。", "is not a decimal number."


def _foreign(node: Node, owner: Node) -> Series:
    """Texts with a unit outside the SI: shown, never used as numbers."""
    unit = said(owner, "dcc:measurementMetaData/dcc:metaData/dcc:nonSIUnit")
    zh, en = f"单位“{unit or '—'}”不属于 SI，数值只供查看。", f"The unit “{unit or '—'}” is not of the SI; shown only."
    path = path_of(node)
    return Series(path, unit, None, tuple((node.text or "").split()), notes=(Note(path, Text(zh, en)),))


def quantities(data: Node, limit: int) -> list[Quantity]:
    """Every quantity of a `dcc:data` in its order, those in (nested) lists included, at most `limit`; none of statements."""
    found: list[Quantity] = []
    waiting = [(data, "")]
    while waiting and len(found) < limit:
        node, group = waiting.pop()
        if node.tag == f"{{{DCC}}}quantity":
            found.append(quantity(node, group))
        elif node is data or node.tag == f"{{{DCC}}}list":
            inside = path_of(node)
            waiting += [(part, inside) for part in reversed(list(children(node)))]
    return found
