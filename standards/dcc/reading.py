"""From the bytes of a digital calibration certificate to a report of what is in it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from lxml.etree import _Element as Node

from lims.core.text import DataError, Text

from . import schema, signature
from .quantities import quantities, quantity
from .report import DccReport, Embedded, Equipment, Identification, Note, Quantity, Result
from .xml import DCC, NAMES, named, parse, path_of, said, words

_ADMINISTRATIVE = "dcc:administrativeData/"
_CORE = f"{_ADMINISTRATIVE}dcc:coreData/"
_MOST_QUANTITIES = 2000
_MOST_NOTES = 100
_KNOWN_DATA = {"dcc:quantity", "dcc:list", "dcc:text"}


def read_dcc(data: bytes, anchors: Sequence[bytes] = ()) -> DccReport:
    """What a DCC holds. `anchors`: root certificates (PEM) by which a signature counts as trusted.

    Raises DataError with one sentence when the bytes are not a DCC of version 2 or 3 at all. Whatever else is odd stands in
    the report, with its path, and only forbids the use of the numbers it concerns.
    """
    root = parse(data)
    version = (root.get("schemaVersion") or "").strip()
    if version.split(".")[0] not in ("2", "3"):
        raise DataError(
            "/dcc:digitalCalibrationCertificate/@schemaVersion",
            f"不支持 DCC 的“{version}”版，能读取 2.x 和 3.x。",
            f"Version “{version}” of the DCC is not supported; 2.x and 3.x are.",
        )
    notes = [*_twice(root), *_unread(root)]
    valid, told = schema.judged(root, version)
    laboratory = root.find(f"{_ADMINISTRATIVE}dcc:calibrationLaboratory", NAMES)
    contact = laboratory.find("dcc:contact", NAMES) if laboratory is not None else None
    item = root.find(f"{_ADMINISTRATIVE}dcc:items/dcc:item", NAMES)
    if (count := len(root.findall(f"{_ADMINISTRATIVE}dcc:items/dcc:item", NAMES))) != 1:
        zh = f"文件写有 {count} 件被校对象，只读取了第一件的标识。"
        text = Text(zh, f"The file names {count} calibrated items; only the first is identified.")
        notes.append(Note("/dcc:digitalCalibrationCertificate/dcc:administrativeData/dcc:items", text))
    documents, faults = _documents(root)
    results = tuple(_results(root))
    if sum(len(one.quantities) for one in results) >= _MOST_QUANTITIES:
        text = Text(f"只读取了前 {_MOST_QUANTITIES} 个量。", f"Only the first {_MOST_QUANTITIES} quantities are read.")
        notes.append(Note("/dcc:digitalCalibrationCertificate/dcc:measurementResults", text))
    notes += [
        *faults,
        *(note for one in results for found in one.quantities for line in found.series for note in line.notes),
    ]
    notes += [_unknown_unit(line.path, line.dsi) for one in results for found in one.quantities for line in found.series
              if line.unit is None and line.dsi and not line.notes]  # fmt: skip
    return DccReport(
        sha256=hashlib.sha256(data).hexdigest(),
        version=version,
        schema=told,
        valid=valid,
        number=said(root, f"{_CORE}dcc:uniqueIdentifier"),
        issued=_day(root, f"{_CORE}dcc:issueDate", notes),
        begun=_day(root, f"{_CORE}dcc:beginPerformanceDate", notes),
        ended=_day(root, f"{_CORE}dcc:endPerformanceDate", notes),
        recalibrate=_recalibrate(root, notes),
        conformity=_conformity(root),
        item=words(item.find("dcc:name", NAMES)) if item is not None else Text("", ""),
        manufacturer=_title(item, "dcc:manufacturer/dcc:name"),
        model=said(item, "dcc:model"),
        identifications=_identifications(item),
        laboratory=_title(contact, "dcc:name"),
        laboratory_code=said(laboratory, "dcc:calibrationLaboratoryCode"),
        equipment=tuple(_equipment(one) for one in root.iterfind(".//dcc:measuringEquipment", NAMES)),
        results=results,
        conditions=tuple(_conditions(root)),
        documents=documents,
        signature=signature.judged(data, root, anchors),
        notes=tuple(notes[:_MOST_NOTES]),
    )


def _unknown_unit(path: str, dsi: str) -> Note:
    return Note(
        path,
        Text(
            f"不认识单位 {dsi[:80]}，这些数值不能使用。", f"The unit {dsi[:80]} is not known; its values are not used."
        ),
    )


def _title(node: Node | None, path: str) -> str:
    return words(node.find(path, NAMES)).zh if node is not None else ""


def _twice(root: Node) -> Iterator[Note]:
    """Identifiers that stand twice: whatever refers to them is ambiguous."""
    counted = Counter(one.get("id") for one in root.iter() if isinstance(one.tag, str) and one.get("id"))
    for name, count in counted.items():
        if count > 1:
            yield Note(
                f"//*[@id='{name}']", Text(f"标识“{name}”出现了 {count} 次。", f"The id “{name}” stands {count} times.")
            )


def _unread(root: Node) -> Iterator[Note]:
    """Parts of results that hold data in a form that is not read."""
    for data in root.iterfind("dcc:measurementResults/dcc:measurementResult/dcc:results/dcc:result/dcc:data", NAMES):
        for part in data.iterchildren():
            if isinstance(part.tag, str) and named(part) not in _KNOWN_DATA:
                name = named(part)
                text = Text(f"没有读取 {name} 中的内容。", f"What stands in {name} is not read.")
                yield Note(path_of(part), text)


def _day(root: Node, path: str, notes: list[Note]) -> date | None:
    node = root.find(path, NAMES)
    if node is None:
        return None
    text = (node.text or "").strip()
    try:
        # A time zone may follow the day; the printed day counts.
        return date.fromisoformat(text[:10])
    except ValueError:
        notes.append(Note(path_of(node), Text(f"“{text[:40]}”不是日期。", f"“{text[:40]}” is not a date.")))
        return None


def _recalibrate(root: Node, notes: list[Note]) -> date | None:
    """The day up to which the certificate says it may be used, where it states one."""
    for one in root.iterfind(f"{_ADMINISTRATIVE}dcc:statements/dcc:statement", NAMES):
        if one.get("id") == "valid_until":
            try:
                return date.fromisoformat(words(one.find("dcc:declaration", NAMES)).zh)
            except ValueError:
                continue
        if "basic_recalibration" in (one.get("refType") or "").split():
            place = f"{_ADMINISTRATIVE}dcc:statements/dcc:statement[@refType='{one.get('refType')}']/dcc:date"
            return _day(root, place, notes) if "'" not in (one.get("refType") or "") else None
    return None


def _conformity(root: Node) -> str:
    """`pass` or `fail` where the certificate states the one or the other for the item, else empty."""
    for one in root.iterfind(f"{_ADMINISTRATIVE}dcc:statements/dcc:statement", NAMES):
        found = said(one, "dcc:conformity")
        if "basic_conformity" in (one.get("refType") or "").split() and found in ("pass", "fail"):
            return found
    return ""


def _identifications(node: Node | None) -> tuple[Identification, ...]:
    if node is None:
        return ()
    return tuple(
        Identification(said(one, "dcc:issuer"), said(one, "dcc:value"), words(one.find("dcc:name", NAMES)))
        for one in node.iterfind("dcc:identifications/dcc:identification", NAMES)
    )


def _equipment(node: Node) -> Equipment:
    return Equipment(
        words(node.find("dcc:name", NAMES)),
        said(node, "dcc:model"),
        _title(node, "dcc:manufacturer/dcc:name"),
        words(node.find("dcc:description", NAMES)),
        _identifications(node),
    )


def _results(root: Node) -> Iterator[Result]:
    left = _MOST_QUANTITIES
    for measurement in root.iterfind("dcc:measurementResults/dcc:measurementResult", NAMES):
        status = said(measurement, "dcc:influenceConditions/dcc:influenceCondition/dcc:status")
        for node in measurement.iterfind("dcc:results/dcc:result", NAMES):
            data = node.find("dcc:data", NAMES)
            found = tuple(quantities(data, left)) if data is not None else ()
            left -= len(found)
            yield Result(path_of(node), words(node.find("dcc:name", NAMES)), status, found)


def _conditions(root: Node) -> Iterator[Quantity]:
    """Ambient conditions, in either of the two places where versions of the DCC put them."""
    places = "dcc:influenceConditions/dcc:influenceCondition/dcc:data/dcc:quantity"
    for holder in ("dcc:measurementResults/", "dcc:measurementResults/dcc:measurementResult/"):
        for count, node in enumerate(root.iterfind(f"{holder}{places}", NAMES)):
            if count < _MOST_QUANTITIES:
                yield quantity(node, "")


def _documents(root: Node) -> tuple[tuple[Embedded, ...], list[Note]]:
    """Files inside the file; one that cannot be decoded is named."""
    found, faults = [], []
    for node in root.iter(f"{{{DCC}}}document", f"{{{DCC}}}byteData"):
        try:
            data = base64.b64decode("".join(said(node, "dcc:dataBase64").split()), validate=True)
        except (ValueError, binascii.Error):
            faults.append(Note(path_of(node), Text("所附文件无法解码。", "The file inside cannot be decoded.")))
            continue
        kind = said(node, "dcc:mimeType").lower()
        found.append(Embedded(path_of(node), said(node, "dcc:fileName"), kind, data))
    return tuple(found), faults
