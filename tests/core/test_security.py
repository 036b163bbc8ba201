"""What every answer carries, and what production refuses to start with."""

import re

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from lims.core import context
from lims.core.middleware import RequestContextMiddleware
from lims.core.text import Conflict, Refused, reason

SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
PRODUCTION = {
    "LIMS_MODE": "production",
    "LIMS_SECRET_KEY": SECRET,
    "LIMS_ALLOWED_HOSTS": "lab.example",
    "LIMS_BASE_URL": "https://lab.example",
}


@pytest.mark.django_db
def test_every_page_forbids_inline_code_framing_and_sniffing(client):
    answer = client.get("/accounts/login/")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    for part in (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])


@pytest.mark.django_db
def test_each_request_has_its_own_identifier(client):
    first, second = (client.get("/accounts/login/").headers["X-Request-Id"] for _ in range(2))
    assert first != second


def test_the_identifier_ends_with_the_job_it_belongs_to():
    with context.scope("job-1"):
        assert context.request_id() == "job-1"
    assert context.request_id() != "job-1"


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "status"), [(Refused, 422), (Conflict, 409)])
def test_a_refusal_becomes_a_page_or_json_that_says_what_to_do(kind, status, rf):
    middleware = RequestContextMiddleware(lambda request: HttpResponse())
    why = kind(reason("full", "磁盘已满", "The disk is full", "请清理", "Free some space"))
    page = middleware.process_exception(rf.get("/"), why)
    assert page.status_code == status
    assert "磁盘已满" in page.content.decode() and "请清理" in page.content.decode()
    data = middleware.process_exception(rf.get("/", headers={"accept": "application/json"}), why)
    assert data.status_code == status
    assert b'"action": {"zh"' in data.content
    assert middleware.process_exception(RequestFactory().get("/"), ValueError("x")) is None


def test_production_settings_pass_the_deployment_check(new_site):
    result = new_site(**PRODUCTION).manage("check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"LIMS_SECRET_KEY": ""}, "LIMS_SECRET_KEY"),
        ({"LIMS_DEBUG": "1"}, "LIMS_DEBUG"),
        ({"LIMS_MODE": "prod"}, "LIMS_MODE"),
        ({"LIMS_DEBUG": "maybe"}, "LIMS_DEBUG"),
        ({"LIMS_HSTS_SECONDS": "a year"}, "LIMS_HSTS_SECONDS"),
        ({"DATABASE_URL": "oracle://x"}, "DATABASE_URL"),
    ],
)
def test_production_refuses_to_start_on_a_wrong_setting_and_names_it(new_site, changed, named):
    process = new_site(**{**PRODUCTION, **changed}).start("-c", "import lims.settings")
    _out, complaint = process.communicate(timeout=60)
    assert process.returncode != 0
    assert named in complaint.splitlines()[-1]


def test_the_generated_secret_is_kept_and_readable_by_its_owner_only(new_site):
    site = new_site(LIMS_MODE="demo")
    said = {site.output("from django.conf import settings\nprint(settings.SECRET_KEY)") for _ in range(2)}
    assert len(said) == 1
    assert (site.folder / "secret_key").stat().st_mode & 0o077 == 0
