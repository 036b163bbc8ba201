"""All certificates of a place in one archive, for whoever may see them; every download is noted."""

import csv
import io
import json
import zipfile
from pathlib import PureWindowsPath

import pytest
from django.urls import reverse

from certificates import selectors
from certificates.services import archive, withdraw
from instruments.models import Instrument, Site
from lims.audit.models import Event
from lims.audit.services import integrate
from lims.core import files
from tests import factories
from tests.certificates.issued import certificate

# The test client is no ASGI server: it gathers what a browser receives piece by piece.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")]


@pytest.fixture
def lab():
    """Two certificates at a place of 甲, one at none, one of 乙."""
    found = factories.laboratory()
    found.site = Site.objects.create(organisation=found.alpha, name='甲路<1>号"充电站"', address="示范区甲路")
    found.pile.site = found.site
    found.pile.save()
    found.here = [certificate(found), certificate(found)]
    found.pile = factories.pile(found.alpha, "EV-0002")
    found.nowhere = certificate(found)
    return found


def opened(answer):
    return zipfile.ZipFile(io.BytesIO(b"".join(answer)))


def get(client, user, *place):
    client.force_login(user)
    return client.get(reverse("certificates:archive", args=place))


def index(archive_file):
    (name,) = [one for one in archive_file.namelist() if one.endswith("/index.csv")]
    data = archive_file.read(name)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_the_archive_holds_each_file_as_it_is_and_an_index(client, lab):
    integrate()
    withdraw(lab.here[0], by=lab.lead, reason="标准器失准")
    answer = get(client, lab.customer, lab.alpha.pk, lab.site.pk)
    assert answer.status_code == 200 and answer["Content-Type"] == "application/zip"
    with opened(answer) as found:
        assert found.testzip() is None
        folder = archive.folder_name(lab.alpha, lab.site)
        for one in lab.here:
            assert found.read(f"{folder}/{one.number}.pdf") == selectors.pdf(one)
            assert found.read(f"{folder}/{one.number}.dcc.xml") == selectors.dcc(one)
            assert found.read(f"{folder}/{one.number}.tlog-proof") == selectors.log_proof(one).text().encode()
        rows = index(found)
    assert tuple(rows[0]) == archive.HEAD
    assert [row[0] for row in rows[1:]] == [one.number for one in lab.here]
    assert "已撤回" in rows[1][8] and "有效" in rows[2][8]
    assert rows[2][11] == selectors.sealed(lab.here[1]).file_id


def test_a_damaged_file_is_named_in_the_index_and_stops_no_other(client, lab):
    """Proofs that the log has not signed yet are left out."""
    files.path_of(selectors.sealed(lab.here[0]).file_id).write_bytes(b"altered")
    with opened(get(client, lab.customer, lab.alpha.pk, lab.site.pk)) as found:
        told = " ".join(found.namelist())
        assert f"{lab.here[0].number}.pdf" not in told and ".tlog-proof" not in told
        assert [row[-1] for row in index(found)[1:]] == [archive.DAMAGED, ""]


def test_names_and_bytes_are_the_same_each_time_and_unpack_on_windows(client, lab):
    Instrument.objects.filter(pk=lab.here[0].instrument_id).update(name="=HYPERLINK(1)")
    first, second = (b"".join(get(client, lab.lead, lab.alpha.pk, lab.site.pk)) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as found:
        for entry in found.infolist():
            # Bit 11: the name is UTF-8. Bit 3 would put the size behind the data, which not every program reads.
            assert entry.flag_bits & 0x800 and not entry.flag_bits & 0x8
            assert not set('<>:"\\|?*') & set(entry.filename)
            assert not PureWindowsPath(entry.filename).is_absolute() and ".." not in entry.filename.split("/")
        assert index(found)[1][2] == "'=HYPERLINK(1)"  # a spreadsheet would compute it


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CON", "_CON"),
        ("lpt1.txt", "_lpt1.txt"),
        ("a/b\\c:d", "a_b_c_d"),
        ("..", "_"),
        (" 站. ", "站"),
        ("长" * 99, "长" * 80),
    ],
)
def test_names_that_windows_forbids_are_changed(name, expected):
    assert archive.safe(name) == expected


def test_who_takes_away_what(client, lab):
    for who in ("customer", "lead", "technician", "receptionist", "auditor"):
        assert get(client, getattr(lab, who), lab.alpha.pk, lab.site.pk).status_code == 200, who
    for who in ("other_customer", "stranger"):
        assert get(client, getattr(lab, who), lab.alpha.pk, lab.site.pk).status_code == 404, who
    assert get(client, lab.customer, lab.beta.pk, lab.site.pk).status_code == 404
    client.logout()
    assert client.get(reverse("certificates:archive", args=[lab.alpha.pk])).status_code == 302


def test_instruments_at_no_entered_place_are_together_and_what_is_being_sealed_waits(client, lab):
    certificate(lab, sealed=False)
    for user in (lab.customer, lab.lead):
        with opened(get(client, user, lab.alpha.pk)) as found:
            assert [row[0] for row in index(found)[1:]] == [lab.nowhere.number]


def test_each_download_is_noted_with_the_person_and_the_numbers(client, lab):
    get(client, lab.customer, lab.alpha.pk, lab.site.pk)
    event = Event.objects.get(verb="archive.downloaded")
    assert event.actor_id == str(lab.customer.pk) and event.object_id == str(lab.site.pk)
    assert json.loads(event.payload)["certificates"] == [one.number for one in lab.here]


def test_the_list_of_places_is_scoped_and_asks_a_fixed_number_of_queries(client, lab, django_assert_max_num_queries):
    client.force_login(lab.customer)
    with django_assert_max_num_queries(10):
        page = client.get(reverse("certificates:places")).content.decode()
    assert reverse("certificates:archive", args=[lab.alpha.pk, lab.site.pk]) in page
    assert reverse("certificates:archive", args=[lab.alpha.pk]) in page
    client.force_login(lab.other_customer)
    assert "archive/" not in client.get(reverse("certificates:places")).content.decode().partition("<main")[2]


def test_an_archive_is_made_while_it_is_sent(lab):
    pieces = archive.pieces(selectors.of_place(lab.lead, lab.alpha.pk, lab.site.pk), "f")
    first = next(pieces)
    assert first.startswith(b"PK") and lab.here[0].number.encode() in first and lab.here[1].number.encode() not in first
