"""Small tools for writing DCC elements. Text is cleaned as on the printed page, so that both say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree
from lxml.etree import _Element as Node

from certificates.documents.facts import both
from certificates.documents.fonts import clean, one_line
from lims.core.text import Text

DCC, SI = "https://ptb.de/dcc", "https://ptb.de/si"
DS = "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"dcc": DCC, "si": SI}


def parse(xml: bytes) -> Node:
    """The root of a DCC. No entity is resolved and nothing is fetched; raises etree.XMLSyntaxError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(xml, parser)


def add(parent: Node, name: str, text: str | None = None, *, space: str = DCC, **attributes: str) -> Node:
    node = etree.SubElement(parent, f"{{{space}}}{name}", attributes)
    node.text = text
    return node


def si(parent: Node, name: str, text: str | None = None) -> Node:
    return add(parent, name, text, space=SI)


def said(value: Text | Mapping[str, Any] | str) -> Text:
    """A text of the facts, ready to be written; English only where it differs."""
    given = value if isinstance(value, Text) else both(value)
    zh, en = clean(given.zh), clean(given.en)
    return Text(zh, "" if en == zh else en)


def words(parent: Node, name: str, value: Text | Mapping[str, Any] | str, **attributes: str) -> Node:
    """A bilingual text (dcc:textType and dcc:richContentType alike)."""
    node, text = add(parent, name, **attributes), said(value)
    add(node, "content", text.zh, lang="zh")
    if text.en:
        add(node, "content", text.en, lang="en")
    return node


def token(parent: Node, name: str, value: str) -> Node | None:
    """An element that must not be empty: left out when there is nothing to say."""
    text = " ".join(one_line(value).split())
    return add(parent, name, text) if text else None


def identification(parent: Node, issuer: str, value: str, label: Text) -> None:
    text = " ".join(one_line(value).split())
    if text:
        node = add(parent, "identification")
        add(node, "issuer", issuer)
        add(node, "value", text)
        words(node, "name", label)
