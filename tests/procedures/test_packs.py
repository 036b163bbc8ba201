"""Every shipped pack is sound, sourced, honest about what is not confirmed, and reproduces its worked examples."""

from datetime import date
from pathlib import Path

import pytest

from standards.procedures import check_pack, load_pack, open_values, template

FILES = sorted((Path(__file__).resolve().parents[2] / "standards" / "packs").glob("*.toml"))
NAMES = [file.stem for file in FILES]


def test_the_promised_packs_are_there():
    assert {"jjg-1148-2022", "jjg-1149-2022", "jjg-443-2023", "jjg-539-2016", "jjg-52-2013"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_has_no_faults_and_its_examples_come_out(pack, name):
    assert [str(error) for error in check_pack(pack(name))] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_shows_a_passing_and_a_failing_example(pack, name):
    assert {"pass", "fail"} <= {example.conclusion for example in pack(name).examples}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_confirmed_before_an_institute_confirmed_it(pack, name):
    claims = pack(name).claims()
    assert claims
    assert not [one.path for one in claims if one.claim.confirmed]
    assert all(one.claim.source and one.claim.confidence for one in claims)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_value_says_what_is_missing(pack, name):
    assert all(one.claim.note is not None for one in open_values(pack(name)))


@pytest.mark.parametrize("name", NAMES)
def test_claims_have_a_path_of_their_own(pack, name):
    paths = [one.path for one in pack(name).claims()]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("name", NAMES)
def test_a_template_exists_for_every_kind(pack, name):
    loaded = pack(name)
    for kind in loaded.kinds:
        assert template(loaded, kind.id)["kind"] == kind.id


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_the_file_name_is_the_label(file):
    loaded = load_pack(file.read_text(encoding="utf-8"))
    assert file.stem == loaded.label.lower().replace(" ", "-")


def test_two_editions_of_one_procedure_stand_side_by_side(pack):
    old, new = pack("jjg-1148-2018"), pack("jjg-1148-2022")
    assert old.code == new.code and old.sha256 != new.sha256 and old != new
    assert (old.in_force(date(2022, 8, 8)), new.in_force(date(2022, 8, 8))) == (True, False)
    assert (old.in_force(date(2022, 12, 28)), new.in_force(date(2022, 12, 28))) == (False, True)


def test_an_edition_without_known_dates_does_not_claim_to_be_in_force(pack):
    assert pack("jjg-539-2016").in_force(date(2026, 1, 1)) is None


def test_the_hash_follows_the_content_and_not_the_spelling(pack_text):
    text = pack_text("jjg-443-2023")
    plain = load_pack(text)
    assert load_pack(text + "\n# a comment\n").sha256 == plain.sha256
    assert load_pack(text.replace('upper = "0.10"', 'upper = "0.11"')).sha256 != plain.sha256
