"""Every text a person may read exists in English, and says the same placeholders."""

import re

from lims.translations import LOCALE, catalogue, texts

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)[^}]*\}")


def _known():
    return {
        (entry.context, entry.id[0] if isinstance(entry.id, tuple) else entry.id): entry.string
        for entry in catalogue(LOCALE / "en" / "LC_MESSAGES" / "django.po")
    }


def test_every_text_has_its_english():
    known = _known()
    missing = set()
    for name, line, message, context in texts():
        first = message[0] if isinstance(message, tuple) else message
        english = known.get((context, first))
        if not english or not all(english if isinstance(english, tuple) else [english]):
            missing.add(f"{name}:{line}: {first}")
    assert not missing, "run `python -m lims.translations`, then translate:\n" + "\n".join(sorted(missing))


def test_translations_keep_the_placeholders():
    for (_context, chinese), english in _known().items():
        if chinese and isinstance(english, str) and english:
            assert sorted(PLACEHOLDER.findall(chinese)) == sorted(PLACEHOLDER.findall(english)), chinese


def test_no_english_text_has_chinese_left_in_it():
    for (_context, _chinese), english in _known().items():
        for form in english if isinstance(english, tuple) else (english,):
            assert not re.search(r"[\u4e00-\u9fff]", form), form
