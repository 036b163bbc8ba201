"""Reading a DCC back: the numbers as they stand, with unit, uncertainty and limits. Nothing is computed."""

from __future__ import annotations

from dataclasses import dataclass

from .nodes import NAMES, Node, parse


@dataclass(frozen=True)
class Column:
    """One quantity, one entry per row. Absent values are `NaN`; words are read in Chinese and have no unit."""

    id: str
    label: str
    unit: str
    values: tuple[str, ...]
    expanded: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """One item. `status` tells results from before an adjustment or repair (`beforeAdjustment`) from those after."""

    id: str
    title: str
    status: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Document:
    number: str
    verified: str
    issued: str
    valid_until: str
    conformity: str
    replaces: str
    results: tuple[Result, ...]
    conditions: tuple[Column, ...]


def read(xml: bytes) -> Document:
    """The contents of a DCC written by `build`, signed or not. Raises etree.XMLSyntaxError for anything but XML."""
    root = parse(xml)
    core = "dcc:administrativeData/dcc:coreData/"
    statements = "dcc:administrativeData/dcc:statements/dcc:statement"
    return Document(
        number=_text(root, f"{core}dcc:uniqueIdentifier"),
        verified=_text(root, f"{core}dcc:endPerformanceDate"),
        issued=_text(root, f"{core}dcc:issueDate"),
        valid_until=_text(root, f"{statements}[@id='valid_until']/dcc:declaration/dcc:content"),
        conformity=_text(root, f"{statements}[@refType='basic_conformity']/dcc:conformity"),
        replaces=_text(root, f"{core}dcc:reportAmendedSubstituted/dcc:replacedUniqueIdentifier"),
        results=tuple(
            _result(node, _text(measurement, "dcc:influenceConditions/dcc:influenceCondition/dcc:status"))
            for measurement in root.iterfind("dcc:measurementResults/dcc:measurementResult", NAMES)
            for node in measurement.iterfind("dcc:results/dcc:result", NAMES)
        ),
        conditions=tuple(
            _column(node)
            for node in root.iterfind(
                "dcc:measurementResults/dcc:influenceConditions/dcc:influenceCondition/dcc:data/dcc:quantity", NAMES
            )
        ),
    )


def _text(node: Node, path: str) -> str:
    return node.findtext(path, "", NAMES)


def _result(node: Node, status: str) -> Result:
    quantities = [
        *node.iterfind("dcc:data/dcc:list/dcc:quantity", NAMES),
        *node.iterfind("dcc:data/dcc:quantity", NAMES),
    ]
    title = _text(node, "dcc:name/dcc:content")
    return Result(node.get("id", ""), title, status, tuple(_column(one) for one in quantities))


def _column(node: Node) -> Column:
    uncertainty = "si:realListXMLList/si:measurementUncertaintyUnivariateXMLList/si:expandedMUXMLList/"
    values, unit = _values(node)
    return Column(
        id=node.get("id", ""),
        label=_text(node, "dcc:name/dcc:content"),
        unit=unit,
        values=values,
        expanded=tuple(_text(node, f"{uncertainty}si:valueExpandedMUXMLList").split()),
        factors=tuple(_text(node, f"{uncertainty}si:coverageFactorXMLList").split()),
        lower=_bound(node, "Lower"),
        upper=_bound(node, "Upper"),
    )


def _bound(node: Node, end: str) -> tuple[str, ...]:
    path = "dcc:measurementMetaData/dcc:metaData/dcc:data/dcc:quantity"
    found = node.find(f"{path}[@refType='basic_acceptanceLimit{end}']", NAMES)
    return () if found is None else _values(found)[0]


def _values(node: Node) -> tuple[tuple[str, ...], str]:
    """The values and the unit; a unit outside the SI by its declared code."""
    if (real := node.find("si:real", NAMES)) is not None:
        return (_text(real, "si:value"),), _text(real, "si:unit")
    if (listed := node.find("si:realListXMLList", NAMES)) is not None:
        return tuple(_text(listed, "si:valueXMLList").split()), _text(listed, "si:unitXMLList")
    if (chars := node.find("dcc:charsXMLList", NAMES)) is not None:
        unit = _text(node, "dcc:measurementMetaData/dcc:metaData/dcc:nonSIUnit")
        return tuple((chars.text or "").split()), unit
    contents = node.iterfind("dcc:noQuantity/dcc:content[@lang='zh']", NAMES)
    return tuple(one.text or "" for one in contents), ""
