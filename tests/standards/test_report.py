"""The technical report: assembled from the data, with the parts a person writes, and a budget the engine has evaluated."""

from datetime import date

import pytest
from django.urls import reverse

from lims.core.text import Refused
from standards import services
from standards.models import ReportText

BUDGET = """
k = "2"

[outputs]
E = "P - S"

[[input]]
name = "P"
unit = "%"
readings = ["0.021", "0.023", "0.019", "0.022"]

[[input]]
name = "S"
unit = "%"
value = "0.001"
U = "0.02"
k = "2"
"""


@pytest.fixture
def parameter(people, standard):
    return services.add_parameter(
        by=people.technical_lead,
        standard=standard,
        name="电能误差",
        point="220 V",
        unit="%",
        use="nominal",
        limit="0.05",
    )


def page(client, standard):
    return client.get(reverse("standards:report", args=[standard.code])).content.decode()


def test_what_nobody_has_written_says_so(client, people, standard):
    client.force_login(people.auditor)
    shown = page(client, standard)
    assert shown.count("尚未编写") == 4 and shown.count("尚无数据") >= 4
    assert all(f"{number}、" in shown for number in "一二三四五六七八九十") and "十二、" in shown


def test_it_prints_devices_tests_and_the_evaluated_budget(client, people, standard, parameter):
    services.enter_test(
        by=people.technician, parameter=parameter, kind="repeatability", on=date(2026, 2, 2),
        readings=["0.0213", "0.0224", "0.0235"], object="HC",
    )  # fmt: skip
    client.force_login(people.technical_lead)
    answer = client.post(reverse("standards:budget", args=[parameter.pk]), {"text": BUDGET})
    assert answer.status_code == 302
    client.post(reverse("standards:report_write", args=[standard.code, "purpose"]), {"text": "开展交流充电桩检定。"})
    shown = page(client, standard)
    assert "0.0213 0.0224 0.0235" in shown and "开展交流充电桩检定。" in shown
    assert "E = 0.020 ± 0.020" in shown
    assert standard.members.get().device.serial in shown


def test_the_newest_wording_counts_and_the_older_stays(people, standard):
    for text in ("旧", "新"):
        services.write_report_text(by=people.technical_lead, standard=standard, part="notes", text=text)
    assert [one.text for one in ReportText.objects.order_by("pk")] == ["旧", "新"]


def test_a_budget_that_cannot_be_evaluated_is_refused_with_its_path(client, people, parameter):
    client.force_login(people.technical_lead)
    answer = client.post(reverse("standards:budget", args=[parameter.pk]), {"text": BUDGET.replace("P - S", "P - Q")})
    assert answer.status_code == 422 and "Q" in answer.content.decode()
    assert not ReportText.objects.exists()


def test_only_the_lead_writes_and_nobody_outside_reads(client, people, standard, parameter):
    with pytest.raises(Refused):
        services.write_report_text(by=people.technician, standard=standard, part="notes", text="x")
    for role in ("customer", "outsider"):
        client.force_login(getattr(people, role))
        for name, arguments in (
            ("report", [standard.code]),
            ("budget", [parameter.pk]),
            ("report_write", [standard.code, "notes"]),
        ):
            assert client.get(reverse(f"standards:{name}", args=arguments)).status_code in {403, 404, 422}
    client.force_login(people.technical_lead)
    assert client.get(reverse("standards:report_write", args=[standard.code, "budget"])).status_code == 404
