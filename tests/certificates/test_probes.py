"""What the doctor says of fonts, keys and seal."""

import pytest

from certificates import probes
from certificates.documents import fonts
from certificates.services import sealing
from lims.core.text import Reason, Text
from lims.people.models import Organisation


@pytest.fixture
def institute(db, monkeypatch):
    monkeypatch.setattr(sealing, "_sealers", {})
    return Organisation.objects.create(kind="institute", name="测试所")


def test_fonts_are_there_and_a_missing_glyph_is_named(monkeypatch):
    assert isinstance(probes.fonts_have_their_glyphs(), Text)
    monkeypatch.setattr(probes, "SAMPLE", "检\U0010fffd")
    answer = probes.fonts_have_their_glyphs()
    assert isinstance(answer, Reason) and answer.code == "glyphs_missing"
    assert "\U0010fffd" in answer.text.zh and "检" not in answer.text.en


def test_a_damaged_font_is_a_finding(monkeypatch):
    monkeypatch.setattr(fonts, "place", lambda *_: (_ for _ in ()).throw(OSError("no such font")))
    assert probes.fonts_have_their_glyphs().code == "fonts_unusable"


def test_asking_for_the_seal_does_not_make_one(institute, settings):
    assert isinstance(probes.seal_can_be_used(), Text)
    assert not settings.KEYS_DIR.exists()


def test_a_seal_in_use_tells_until_when_it_is_valid_and_its_keys_are_private(institute, settings):
    sealing.sealer()
    assert isinstance(probes.seal_can_be_used(), Text)
    assert probes.keys_are_readable_by_their_owner_only() is None
    key = next(settings.KEYS_DIR.rglob("*.key"))
    key.chmod(0o644)
    answer = probes.keys_are_readable_by_their_owner_only()
    assert answer.code == "keys_open" and str(key) in answer.text.en and answer.action


def test_a_seal_that_ends_soon_is_a_finding(institute, monkeypatch):
    sealing.sealer()
    monkeypatch.setattr(probes, "SOON", probes.timedelta(days=100_000))
    assert probes.seal_can_be_used().code == "seal_expires"


def test_a_seal_that_cannot_be_opened_says_which_settings_to_look_at(institute, settings, tmp_path):
    settings.SEAL_PKCS12 = str(tmp_path / "none.p12")
    settings.TIMESTAMP_URL = "http://127.0.0.1:9/"
    settings.SEAL_ROOTS = str(tmp_path / "roots.pem")
    answer = probes.seal_can_be_used()
    assert answer.code == "seal_unusable" and "LIMS_SEAL_PKCS12" in answer.action.en
