"""Whatever dies while certificates are being issued: numbers without gap, one certificate per record, none lost."""

import pytest

from tests.kill.bulk import BulkKillRun
from tests.kill.run import KillRun, environment


@pytest.mark.parametrize(
    ("kind", "count", "kills"), [(KillRun, 30, 12), (BulkKillRun, 20, 6)], ids=["one by one", "in bulk"]
)
@pytest.mark.django_db  # so that there is a migrated database to copy when this test runs alone
def test_certificates_survive_kills_of_web_and_worker(new_site, kind, count, kills):
    site = new_site()
    more = {name: site.environment[name] for name in ("DATABASE_URL",) if name in site.environment}
    env = environment(site.folder, **more)
    outcome = kind(site.folder, env, count=count, kills=kills, seed=20261121, patience=600).run()
    assert outcome.faults == []
    assert outcome.odd == []
    assert outcome.kills["web"] + outcome.kills["worker"] == kills
    assert outcome.kills["web"] and outcome.kills["worker"]
    assert outcome.unreferenced <= outcome.kills["worker"] * 2
