"""The clause map names pages that exist, tests that exist, and figures that can be asked for."""

import ast
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from lims.auditor.selectors.clauses import FIGURES, Clause, clauses
from tests import factories

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("clause", clauses(), ids=lambda one: f"{one.standard} {one.number}")
def test_every_clause_names_what_exists(clause: Clause) -> None:
    assert reverse(clause.where)
    assert not clause.evidence or clause.evidence in FIGURES
    for name in clause.tests:
        path, _, function = name.partition("::")
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert function in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}, name
    assert clause.tests or clause.beyond, "what no test proves says so"


def test_no_clause_stands_twice() -> None:
    known = [(one.standard, one.number) for one in clauses()]
    assert len(set(known)) == len(known)


@pytest.mark.django_db
def test_the_page_shows_live_figures_to_those_who_answer_for_the_institute(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    lab = factories.laboratory()
    for who, status in (("auditor", 200), ("quality", 200), ("technician", 422), ("customer", 404)):
        client.force_login(getattr(lab, who))
        assert client.get(reverse("auditor:clauses")).status_code == status, who
    client.force_login(lab.quality)
    with django_assert_max_num_queries(30):
        page = client.get(reverse("auditor:clauses")).content.decode()
    assert "计量标准 1 项，其中 0 项今日没有有效的考核证书" in page and "设备 1 台" in page
