"""Hostile XML kept out: size, encoding, document types and entities, all before anything is believed."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element as Node

from lims.core.text import DataError, Text

DCC, SI, DS = "https://ptb.de/dcc", "https://ptb.de/si", "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"dcc": DCC, "si": SI, "ds": DS}
MEDIA_TYPE = "application/xml"
LARGEST = 10 * 1024 * 1024
MOST_ELEMENTS = 100_000
_PREFIX = {f"{{{space}}}": f"{name}:" for name, space in NAMES.items()}


def parse(data: bytes) -> Node:
    """The root element of a DCC. Raises DataError with one sentence for anything else; nothing is fetched or expanded."""
    if len(data) > LARGEST:
        size = LARGEST // 1024 // 1024
        raise DataError("", f"文件超过 {size} MB。", f"The file is larger than {size} MB.")
    if not data.strip():
        raise DataError("", "文件是空的。", "The file is empty.")
    if b"\0" in data:
        raise DataError(
            "",
            "文件不是以 UTF-8 编码的 XML；请让出具机构另存为 UTF-8。",
            "The file is not XML in UTF-8; have it saved as UTF-8.",
        )
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _document_type()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", 0) or 0
        raise DataError(
            f"line {line}" if line else "",
            f"文件不是可以读取的 XML（第 {line} 行：{error}）。",
            f"The file is not readable XML (line {line}: {error}).",
        ) from None
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None or tree.docinfo.doctype:
        raise _document_type()
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise DataError("", "文件的元素太多。", "The file has too many elements.")
    if root.tag != f"{{{DCC}}}digitalCalibrationCertificate":
        raise DataError(
            "/",
            f"根元素是 {named(root)}，不是命名空间 {DCC} 的数字校准证书。",
            f"The root is {named(root)}, not a digital calibration certificate of the namespace {DCC}.",
        )
    return root


def _document_type() -> DataError:
    return DataError(
        "",
        "文件带有文档类型声明（DOCTYPE）或实体定义，数字校准证书不使用它们，拒绝读取。",
        "The file declares a document type or entities, which a DCC does not use; it is not read.",
    )


def named(node: Node) -> str:
    """`dcc:quantity`, `si:real`; a foreign namespace is written out."""
    tag = str(node.tag)
    for space, prefix in _PREFIX.items():
        if tag.startswith(space):
            return prefix + tag.removeprefix(space)
    return tag


def path_of(node: Node) -> str:
    """The path of an element from the root down, with a place from 1 where siblings share the name."""
    steps: list[str] = []
    at: Node | None = node
    while at is not None:
        parent = at.getparent()
        step = named(at)
        if parent is not None:
            alike = list(parent.iterchildren(at.tag))
            if len(alike) > 1:
                step += f"[{alike.index(at) + 1}]"
        steps.append(step)
        at = parent
    return "/" + "/".join(reversed(steps))


def said(node: Node | None, path: str) -> str:
    """The text of the element at the path with single blanks, empty when it is not there."""
    found = None if node is None else node.find(path, NAMES)
    return " ".join((found.text or "").split()) if found is not None else ""


def words(node: Node | None) -> Text:
    """The `dcc:content` of a text in Chinese and English, as far as the file has them; any other language before nothing."""
    by_language: dict[str, str] = {}
    if node is not None:
        for one in node.iterchildren(f"{{{DCC}}}content"):
            if text := " ".join((one.text or "").split()):
                by_language.setdefault((one.get("lang") or "").lower()[:2], text)
    first = next(iter(by_language.values()), "")
    en = by_language.get("en") or by_language.get("") or first
    return Text(by_language.get("zh") or en, en)


def children(node: Node) -> Iterator[Node]:
    """The child elements, without comments and processing instructions."""
    return (one for one in node if isinstance(one.tag, str))
