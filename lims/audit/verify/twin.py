"""The machine-readable twin (DCC, XML): read with the standard library, compared with the facts number by number."""

import re
import xml.etree.ElementTree as etree
from collections.abc import Iterator, Mapping
from typing import Any
from xml.parsers import expat

from lims.audit.verify import pdf
from lims.audit.verify.archive import Archive
from lims.audit.verify.report import Report
from lims.core.text import DataError, Text

NAME = "certificate.dcc.xml"
SPACES = {"dcc": "https://ptb.de/dcc", "si": "https://ptb.de/si"}
LARGEST = 16 << 20
CORE = "dcc:administrativeData/dcc:coreData/"
STATEMENTS = "dcc:administrativeData/dcc:statements/dcc:statement"
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_DASHES = {"", "—", "–", "-", "/"}
_ABSENT = "NaN"


def check(report: Report, archive: Archive, facts: Mapping[str, Any]) -> None:
    """Nothing here checks the XML signature: the twin is bound by being inside the sealed PDF, byte for byte."""
    if NAME not in archive:
        report.unknown("包中没有数字校准证书（DCC）", "the bundle has no digital calibration certificate (DCC)")
        return
    data = archive.read(NAME)
    root = _parse(data)
    report.compare(
        pdf.attached(archive.read("certificate.pdf"), data),
        Text(
            "DCC 与盖章 PDF 内所附的文件逐字节相同", "the DCC is byte for byte the one attached inside the sealed PDF"
        ),
        Text(
            "DCC 不是盖章 PDF 内所附的那一份：被改动或调换",
            "the DCC is not the one attached inside the sealed PDF: altered or exchanged",
        ),
    )
    report.note(
        "DCC 自身的 XML 签名（XAdES）不在此核对，可用 xmlsec1 验证",
        "the DCC's own XML signature (XAdES) is not checked here; xmlsec1 does that",
    )
    faults = [*_heads(root, facts)]
    count = 0
    measured = root.findall("dcc:measurementResults/dcc:measurementResult", SPACES)
    # What was found before an adjustment stands first; the results of the certificate are the last.
    nodes = measured[-1].findall("dcc:results/dcc:result", SPACES) if measured else []
    if len(nodes) != len(facts["results"]):
        faults.append(Text("DCC 与证书的项目数不同", "the DCC has another number of items than the certificate"))
    for node, result in zip(nodes, facts["results"], strict=False):
        told = _numbers_told(node)
        for where, number in _numbers_printed(result):
            count += 1
            if number not in told:
                faults.append(
                    Text(
                        f"证书印有 {number}（{result['title']['zh']} {where}），DCC 中没有：DCC 的值被改动",
                        f"the certificate prints {number} ({result['title']['en']} {where}), the DCC lacks it: its values were altered",
                    )
                )
        faults += _columns(node, result)
    report.several(faults)
    if not faults:
        report.good(
            f"DCC 的编号、日期、结论与结果表中的 {count} 个数值都与证书一致",
            f"number, dates, conclusion and the {count} numbers of the result tables are the same in the DCC and on the certificate",
        )


def _parse(data: bytes) -> etree.Element:
    """The root. Document types are refused before anything is expanded. Raises DataError."""
    if len(data) > LARGEST:
        raise DataError(NAME, "太大", "is too large")
    scout = expat.ParserCreate()

    def refuse(*_declaration: object) -> None:
        raise DataError(NAME, "含有文档类型声明，拒绝读取", "holds a document type declaration and is not read")

    scout.StartDoctypeDeclHandler = refuse
    try:
        scout.Parse(data, True)
        return etree.fromstring(data)  # noqa: S314 - no document type, so nothing to expand
    except (expat.ExpatError, etree.ParseError) as error:
        raise DataError(NAME, f"不是有效的 XML：{error}", f"is no valid XML: {error}") from None


def _heads(root: etree.Element, facts: Mapping[str, Any]) -> Iterator[Text]:
    verdict = facts["conclusion"]["outcome"]
    pairs = [
        (f"{CORE}dcc:uniqueIdentifier", facts["number"]),
        (f"{CORE}dcc:endPerformanceDate", facts["dates"]["verified"]),
        (f"{CORE}dcc:issueDate", facts["dates"]["issued"]),
        (f"{STATEMENTS}[@id='valid_until']/dcc:declaration/dcc:content", facts["dates"]["valid_until"]),
    ]
    if verdict in ("pass", "fail"):
        pairs.append((f"{STATEMENTS}[@refType='basic_conformity']/dcc:conformity", verdict))
    for path, wanted in pairs:
        found = root.findtext(path, "", SPACES)
        if found != wanted:
            name = path.rpartition(":")[2]
            yield Text(
                f"DCC 的 {name} 为 {found!r}，证书为 {wanted!r}：DCC 的值被改动",
                f"the DCC says {found!r} for {name}, the certificate {wanted!r}: its values were altered",
            )


def _plain(text: Any) -> str:
    """A cell as the DCC writes numbers: ASCII sign, NaN for an empty cell; other text stays."""
    given = str(text if not isinstance(text, dict) else text.get("zh", "")).strip().replace("−", "-")
    return _ABSENT if given in _DASHES else given


def _numbers_printed(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for at, row in enumerate(result["rows"], 1):
        for column, cell in zip(result["columns"], row, strict=False):
            if _NUMBER.fullmatch(_plain(cell)):
                yield f"{column['label']['zh']} #{at}", _plain(cell)
    for line in result["summary"]:
        if _NUMBER.fullmatch(_plain(line["value"])):
            yield line["label"]["zh"], _plain(line["value"])


def _numbers_told(node: etree.Element) -> set[str]:
    """Every number in an item of the DCC, as written."""
    told: set[str] = set()
    for one in node.iter():
        told.update((one.text or "").split())
    return told


def _columns(node: etree.Element, result: Mapping[str, Any]) -> Iterator[Text]:
    """Columns of numbers, in their order: row n of the DCC is row n of the certificate."""
    lists: dict[str, list[list[str]]] = {}
    for quantity in node.findall("dcc:data/dcc:list/dcc:quantity", SPACES):
        values = quantity.findtext("si:realListXMLList/si:valueXMLList", "", SPACES).split()
        if values:
            lists.setdefault(_name(quantity), []).append(values)
    for at, column in enumerate(result["columns"]):
        told = lists.get(str(column["label"]["zh"]), [])
        printed = [_plain(row[at]) if at < len(row) else _ABSENT for row in result["rows"]]
        if told and printed not in told and all(one == _ABSENT or _NUMBER.fullmatch(one) for one in printed):
            yield Text(
                f"DCC 的列“{column['label']['zh']}”为 {' '.join(told[0])}，证书为 {' '.join(printed)}：DCC 的值被改动",
                f"the DCC's column {column['label']['en']} is {' '.join(told[0])}, on the certificate {' '.join(printed)}: its values were altered",
            )


def _name(quantity: etree.Element) -> str:
    return quantity.findtext("dcc:name/dcc:content", "", SPACES)
