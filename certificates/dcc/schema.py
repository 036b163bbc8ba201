"""Holding a DCC against the schema of PTB."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lxml import etree

from .nodes import parse

SCHEMAS = Path(__file__).resolve().parent / "schemas"


@lru_cache(maxsize=4)
def _schema(directory: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(directory / "dcc.xsd", etree.XMLParser(no_network=True)))


def check(xml: bytes, schemas: Path = SCHEMAS) -> list[str]:
    """What keeps the bytes from being a DCC 3.3.0, one sentence each with its line; empty when they are one.

    `schemas`: the directory of `dcc.xsd`; OSError when it holds none.
    """
    try:
        root = parse(xml)
    except etree.XMLSyntaxError as error:
        return [f"not XML: {error}"]
    schema = _schema(schemas)
    if schema.validate(root):
        return []
    return [f"line {one.line}: {one.message}" for one in schema.error_log]
