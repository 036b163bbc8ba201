"""Every address asks who is there, except those named here with a reason."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

# Address (as Django writes the route) -> why nobody has to sign in.
OPEN = {
    "language/": "choosing the language",
    "people/first-password/<str:person>/<str:token>/": "who has no password yet proves himself with the link",
    "devices/api/bench/poll": "a bench proves itself with its token",
    "devices/api/ingest": "a bench proves itself with its token",
}
# Beginnings: signing in itself (allauth decides per page), the public verification of certificates, and the event log, which
# shows strangers digests and what of an event is public.
OPEN_BELOW = ("accounts/", "log/", "v/", "verify/", "portal/v/", "portal/verify/")


def _views(patterns: list, prefix: str = "") -> Iterator[tuple[str, object]]:
    for one in patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _views(one.url_patterns, route)
        elif isinstance(one, URLPattern):
            yield route, one.callback


def test_every_view_asks_for_a_sign_in_except_the_listed_ones():
    assert "django.contrib.auth.middleware.LoginRequiredMiddleware" in settings.MIDDLEWARE
    unguarded = {
        route
        for route, view in _views(get_resolver().url_patterns)
        if not getattr(view, "login_required", True) and not route.startswith(OPEN_BELOW)
    }
    assert unguarded == set(OPEN)


@pytest.mark.django_db
def test_a_stranger_is_sent_to_the_sign_in_from_every_plain_address(client):
    plain = [
        route
        for route, view in _views(get_resolver().url_patterns)
        if "<" not in route and "(" not in route and getattr(view, "login_required", True)
    ]
    assert len(plain) > 10
    for route in plain:
        if route.startswith("accounts/"):
            continue
        answer = client.get(f"/{route}")
        assert answer.status_code == 302 and "/accounts/login/" in answer.headers["Location"], route


@pytest.mark.django_db
def test_the_models_have_their_migrations():
    out = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=out)
    except SystemExit:
        pytest.fail(out.getvalue())
