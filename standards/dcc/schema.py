"""Holding a DCC against the schema of its own version, where we have it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lxml import etree
from lxml.etree import _Element as Node

from lims.core.text import Text

# The schema with which our own certificates are written.
SCHEMAS = {"3.3.0": Path(__file__).resolve().parents[2] / "certificates" / "dcc" / "schemas" / "dcc.xsd"}
_TOLD = 3


@lru_cache(maxsize=4)
def _schema(path: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(path, etree.XMLParser(no_network=True)))


def judged(root: Node, version: str) -> tuple[bool | None, Text]:
    """Whether the file is valid by its schema, None when we do not have that version; and the sentence."""
    path = SCHEMAS.get(version)
    if path is None or not path.is_file():
        return None, Text(
            f"没有 {version or '（未写明）'} 版的模式文件，未按模式校验。",
            f"There is no schema of version {version or '(not stated)'} here; the file was not validated.",
        )
    schema = _schema(path)
    if schema.validate(root):
        return True, Text(f"符合 DCC {version} 模式。", f"Valid by the schema of DCC {version}.")
    faults = [f"{one.line}: {one.message}" for one in schema.error_log]
    told = "; ".join(faults[:_TOLD])
    return False, Text(
        f"不符合 DCC {version} 模式，共 {len(faults)} 处，如：{told}",
        f"Not valid by the schema of DCC {version}, {len(faults)} faults, such as: {told}",
    )
