"""Static files: served whole and without complaint under ASGI, with the headers of WhiteNoise."""

import asyncio
import warnings

import pytest
from django.templatetags.static import static
from django.test import AsyncClient


@pytest.fixture
def ask():
    """ask(headers): the answer for one of our own files, asked under ASGI."""
    page = static("lims/css/app.css")

    def send(method="get", **headers):
        client = AsyncClient()
        return asyncio.run(getattr(client, method)(page, headers=headers))

    return send


def test_a_file_is_served_under_asgi_without_a_warning(ask):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = ask()
    assert answer.status_code == 200 and not answer.streaming
    assert answer["Content-Type"].startswith("text/css") and int(answer["Content-Length"]) == len(answer.content)
    assert b".container-page" in answer.content


def test_a_part_of_a_file_its_head_and_an_unchanged_file(ask):
    part = ask(range="bytes=0-9")
    assert (part.status_code, len(part.content)) == (206, 10)
    head = ask("head")
    assert head.status_code == 200 and head.content == b"" and int(head["Content-Length"]) > 10
    again = ask(**{"if-modified-since": ask()["Last-Modified"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "Content-Type" not in again
