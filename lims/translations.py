"""Interface texts: Chinese in the source, English in locale/en. A developer's tool; needs Babel, not the gettext programs.

`python -m lims.translations` brings every text of sources and templates into the .po file and lists those without English
(exit code 1). `make setup` compiles the file to what Django reads.
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)  # the file changes when a text does, not when the day does
SOURCES = ("lims", "standards", "devices", "instruments", "certificates")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}


def texts() -> Iterator[tuple[str, int, str | tuple[str, ...], str | None]]:
    """Every translatable text: file relative to the root, line, text (or singular and plural), context."""
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from _from(path, path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield from _from(path, templatize(path.read_text(encoding="utf-8")))


def _from(path: Path, python: str) -> Iterator[tuple[str, int, str | tuple[str, ...], str | None]]:
    name = str(path.relative_to(ROOT))
    for line, message, _comments, context in extract("python", io.BytesIO(python.encode()), keywords=KEYWORDS):
        if any("\u4e00" <= character <= "\u9fff" for character in str(message)):
            yield name, line, message, context


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_po(stream, locale=path.parents[1].name)


def collect(path: Path) -> list[str]:
    """Bring the catalogue up to date with the sources; the texts that have no English yet."""
    old = catalogue(path) if path.exists() else Catalog(locale="en")
    # A fuzzy head would make the compiler skip the whole catalogue.
    new = Catalog(
        locale="en",
        project="lims",
        version="1",
        charset="utf-8",
        fuzzy=False,
        header_comment="# English texts of the interface.",
        last_translator="lims",
        language_team="lims",
        msgid_bugs_address="-",
    )
    for name, _line, message, context in texts():
        known = old.get(message[0] if isinstance(message, tuple) else message, context)
        # Without line numbers the file changes only when a text does.
        entry = new.add(message, known.string if known else "", locations=[(name, None)], context=context)
        entry.flags.discard("fuzzy")
    new.revision_date = new.creation_date = EPOCH
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        write_po(stream, new, width=0, sort_output=True, omit_header=False)
    return [str(entry.id) for entry in new if entry.id and not _english(entry.string)]


def _english(string: str | tuple[str, ...] | list[str]) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


def main() -> int:
    missing = collect(LOCALE / "en" / "LC_MESSAGES" / "django.po")
    sys.stdout.write("".join(f"{text}\n" for text in missing))
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
