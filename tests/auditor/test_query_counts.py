"""What an auditor asks for takes as many questions to the database with one certificate as with several."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certificates.models import Certificate
from lims.auditor import services
from lims.auditor.models import Sample
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db


def count(act: Callable[[], object]) -> int:
    act()  # what is looked up once for all is known by now
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)


def test_the_questions_do_not_grow_with_certificates(client: Client) -> None:
    lab, today = factories.laboratory(), factories.today()
    client.force_login(lab.auditor)
    first = certificate(lab, sealed=False)

    def draw() -> Sample:
        return services.draw(by=lab.auditor, seed="x", wanted=1, since=today, until=today)

    def counts() -> dict[str, int]:
        Certificate.objects.update(state=Certificate.State.ISSUED)
        sample = draw()
        moment = {"day": today.isoformat(), "time": "23:59"}
        pages: dict[str, tuple[str, dict[str, str]]] = {
            "index": (reverse("auditor:index"), {}),
            "search": (reverse("auditor:index"), {"q": first.number}),
            "trace": (reverse("auditor:trace", args=[first.number]), {"at": "items.working_error.rows[0].gamma"}),
            "dossier": (reverse("standards:dossier", args=[lab.standard.code]), {}),
            "sample": (reverse("auditor:sample", args=[sample.pk]), {}),
            "clauses": (reverse("auditor:clauses"), {}),
            "events": (reverse("auditor:events"), {"text": "检定员甲"}),
        }
        for kind, key in (
            ("standard", lab.standard.code), ("device", lab.meter.asset_number), ("person", lab.technician.username),
            ("pack", lab.procedure.sha256), ("certificate", first.number),
        ):  # fmt: skip
            pages[f"as of {kind}"] = (reverse("auditor:as_of"), {"kind": kind, "key": key, **moment})
        found = {name: count(lambda at=at, asked=asked: client.get(at, asked)) for name, (at, asked) in pages.items()}
        return {**found, "draw": count(draw)}

    alone = counts()
    for serial in ("EV-0002", "EV-0003"):
        lab.pile = factories.pile(lab.alpha, serial)
        certificate(lab, sealed=False)
    assert counts() == alone
    assert max(alone.values()) <= 35, alone
