"""A backup brings everything back, and says so when it cannot. On the database of the run, through the real commands."""

import json

import pytest

FILL = """
from django.db import transaction
from lims.audit import services
from lims.core import files, numbering
from lims.core.models import Counter, StoredFile
from lims.people.models import Organisation
from lims.audit import registry
registry.register("test.happened", zh="测试", en="test")
with transaction.atomic():
    organisation = Organisation.objects.create(kind="institute", name="名\\t带\\\\制表符\\n换行")
    for n in range(20):
        numbering.take("certificate")
        services.record("test.happened", by=None, obj=organisation, payload={"n": str(n)})
    print(files.store(b"a" * 1000, "text/plain").sha256)
    print(files.store("证书".encode(), "application/pdf").sha256)
"""
TELL = """
import hashlib
from lims.audit.models import Event
from lims.core import files
from lims.core.models import Counter, StoredFile
from lims.people.models import Organisation
events = list(Event.objects.order_by("pk").values_list("pk", "at", "verb", "payload", "salt"))
print(hashlib.sha256(repr((events, list(Organisation.objects.values_list("pk", "name")), list(Counter.objects.values_list()),
    sorted((row.sha256, len(files.read(row.sha256))) for row in StoredFile.objects.all()))).encode()).hexdigest(), len(events))
"""


@pytest.fixture
def filled(site, tmp_path):
    digests = site.output(FILL).split()
    made = site.manage("backup", str(tmp_path / "copy"), "--json")
    assert made.returncode == 0, made.stderr
    return site, tmp_path / "copy", digests, json.loads(made.stdout)


def test_everything_comes_back_in_an_empty_house(filled, new_site):
    site, copy, digests, manifest = filled
    assert manifest["rows"]["audit_event"] == 20
    assert (manifest["files"], manifest["bytes"], manifest["problems"]) == (2, 1006, [])
    assert sorted(path.name for path in (copy / "files").rglob("*") if path.is_file()) == sorted(digests)
    other = new_site()
    restored = other.manage("restore", str(copy))
    assert restored.returncode == 0, restored.stderr
    assert "20 events" in restored.stdout and "2 files, every digest correct" in restored.stdout
    assert other.output(TELL) == site.output(TELL)
    assert other.output(TELL).endswith(" 20")
    refused = other.python("from lims.audit.models import Event\nEvent.objects.update(verb='x')")
    assert "frozen" in refused.communicate(timeout=120)[1]
    following = other.output(
        "from django.db import transaction\nfrom lims.core import numbering\nwith transaction.atomic():\n    print(numbering.take('certificate'))\nfrom lims.people.models import Organisation\nprint(Organisation.objects.create(kind='customer', name='x').pk > Organisation.objects.get(kind='institute').pk)"
    )
    assert following.split() == ["21", "True"]


def test_a_house_in_use_is_replaced_only_when_told_so(filled):
    site, copy, _digests, _manifest = filled
    before = site.output(TELL)
    site.output(
        "from lims.people.models import Organisation\nOrganisation.objects.create(kind='customer', name='later')"
    )
    refused = site.manage("restore", str(copy))
    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    assert site.output(TELL) != before
    replaced = site.manage("restore", str(copy), "--replace")
    assert replaced.returncode == 0, replaced.stderr
    assert site.output(TELL) == before


def test_a_damaged_backup_changes_nothing(filled, new_site):
    _site, copy, digests, manifest = filled
    other = new_site()
    stored = copy / "files" / digests[0][:2] / digests[0][2:4] / digests[0]
    database = copy / "database" / sorted(manifest["database"])[0]
    for path, name in ((stored, digests[0]), (database, database.name)):
        kept = path.read_bytes()
        path.write_bytes(kept + b"x")
        refused = other.manage("restore", str(copy))
        assert refused.returncode == 2
        assert name in refused.stderr and "altered" in refused.stderr
        path.write_bytes(kept)
    stored.unlink()
    refused = other.manage("restore", str(copy))
    assert refused.returncode == 2
    assert "1 stored files, its manifest says 2" in refused.stderr
    (copy / "manifest.json").write_text("{")
    assert "damaged" in other.manage("restore", str(copy)).stderr
    assert not (other.folder / "files").exists()
    assert other.output("from lims.audit.models import Event\nprint(Event.objects.count())") == "0"


def test_a_missing_or_altered_file_is_told_and_the_rest_is_copied(filled, tmp_path):
    site, _copy, digests, _manifest = filled
    first, second = (site.folder / "files" / one[:2] / one[2:4] / one for one in digests)
    first.unlink()
    second.write_bytes(b"other")
    result = site.manage("backup", str(tmp_path / "second"))
    assert result.returncode == 1
    assert f"{digests[0]} is missing" in result.stderr and f"{digests[1]} has been altered" in result.stderr
    problems = json.loads((tmp_path / "second" / "manifest.json").read_text())["problems"]
    assert len(problems) == 2


def test_a_taken_directory_is_refused_and_nothing_unfinished_stays(filled, tmp_path):
    site, copy, _digests, _manifest = filled
    result = site.manage("backup", str(copy))
    assert result.returncode == 2
    assert "not empty" in result.stderr
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name] == []
    assert "not a backup" in site.manage("restore", str(tmp_path)).stderr
