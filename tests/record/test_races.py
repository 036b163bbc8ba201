"""Two people, or one impatient person, pressing at once: one deed happens, nothing is lost, the other is told."""

import json


def run(site, name):
    return json.loads(site.output(f"from tests.record import races; races.{name}()").splitlines()[-1])


def test_of_two_who_submit_at_once_one_wins_and_the_other_is_told_by_whom(site):
    found = run(site, "submit_twice")
    assert sorted(one.partition(":")[0] for one in found["told"]) == ["conflict", "done"]
    assert "已由 检定员甲 执行“提交记录”" in next(one for one in found["told"] if one != "done")
    assert (found["frozen"], found["events"]) == (1, 1)


def test_of_two_who_approve_at_once_one_wins(site):
    found = run(site, "approve_twice")
    assert sorted(one.partition(":")[0] for one in found["told"]) == ["conflict", "done"]
    assert found["events"] == 1


def test_a_value_saved_while_the_record_is_submitted_is_in_it_or_refused(site):
    found = run(site, "save_while_submitting")
    assert found["told"][0] == "done"
    assert found["told"][1] in ("done", "refused: record_closed")
    assert found["inside"] is found["stored"] is (found["told"][1] == "done")


def test_the_same_entry_from_three_requests_is_stored_once(site):
    found = run(site, "save_the_same_twice")
    assert found == {"told": ["done"] * 3, "stored": 1}
