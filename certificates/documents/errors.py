"""Why a certificate cannot be drawn."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from lims.core.text import Reason, Text, reason


@dataclass(frozen=True)
class MissingGlyph:
    """One character that no embedded font can show, and the field of the facts that holds it."""

    character: str
    path: str

    @property
    def name(self) -> str:
        """How a person recognises it: the character itself, its code point, its Unicode name where there is one."""
        shown = self.character if self.character.isprintable() else "?"
        label = unicodedata.name(self.character, "")
        return f"{shown} U+{ord(self.character):04X}{' ' + label if label else ''}"


class MissingGlyphs(ValueError):
    """The facts hold characters without a glyph; `missing` names each one and its field."""

    def __init__(self, missing: tuple[MissingGlyph, ...]) -> None:
        self.missing = missing
        self.characters = "".join(dict.fromkeys(m.character for m in missing))
        super().__init__("; ".join(f"{m.path}: {m.name}" for m in missing))

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """One reason per character and field, for the person who has to correct the field."""
        return tuple(
            reason(
                "certificate.missing_glyph",
                f"字符“{m.name}”在证书字体中没有字形，证书无法印出它。",
                f"The character “{m.name}” has no glyph in the certificate fonts and cannot be printed.",
                "请改用字体中有的字符，或由管理员补充字体。",
                "Use a character the fonts have, or have an administrator add a font.",
                m.path,
            )
            for m in self.missing
        )


class FactsError(ValueError):
    """The facts are not certificate facts: `path` inside them and one sentence."""

    def __init__(self, path: str, text: Text) -> None:
        self.path = path
        self.text = text
        super().__init__(f"{path}: {text.en}")
