"""Agent and server die while a bench captures: nothing missing, nothing extra, no break, and one altered byte is found."""

import pytest

from tests.bench.durability import DurabilityRun
from tests.kill.run import environment


@pytest.mark.django_db  # so that there is a migrated database to copy when this test runs alone
def test_captures_survive_kills_of_agent_and_server_and_posts_that_fail(new_site):
    site = new_site()
    more = {name: site.environment[name] for name in ("DATABASE_URL",) if name in site.environment}
    run = DurabilityRun(
        site.folder, environment(site.folder, **more), frames=6_000, kills=2, seed=20261122, patience=600
    )
    outcome = run.run()
    assert outcome.judged["faults"] == []
    assert {name: outcome.judged[name] for name in ("missing", "extra", "wrong", "breaks")} == {
        "missing": 0, "extra": 0, "wrong": 0, "breaks": 0,
    }  # fmt: skip
    assert outcome.judged["frames"] >= 6_000
    assert outcome.kills["agent"] and outcome.kills["web"]
    assert outcome.posts["refused"] and outcome.posts["lost"]
    assert outcome.altered["altered"] == outcome.altered["found"]
