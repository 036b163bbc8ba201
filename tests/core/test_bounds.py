"""A request that is too large is refused before it is stored anywhere."""

import asyncio

import pytest

from lims.core.bounds import BoundedRequests


def ask(chunks: list[bytes], *headers: tuple[bytes, bytes], kind: str = "http") -> tuple[list, list]:
    """What the inner application received and what the asker was answered, with a bound of ten bytes."""
    heard, said = [], []

    async def inner(scope, receive, send):
        while True:
            message = await receive()
            heard.append(message)
            if message["type"] == "http.disconnect":
                return
            if not message.get("more_body"):
                await send({"type": "http.response.start", "status": 200, "headers": []})
                return

    waiting = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks) - 1}
        for number, chunk in enumerate(chunks)
    ]

    async def receive():
        return waiting.pop(0)

    async def send(message):
        said.append(message)

    asyncio.run(BoundedRequests(inner, largest=10)({"type": kind, "headers": list(headers)}, receive, send))
    return heard, said


def test_a_request_up_to_the_bound_passes_untouched():
    heard, said = ask([b"12345", b"67890"], (b"content-length", b"10"))
    assert [one["body"] for one in heard] == [b"12345", b"67890"] and said[0]["status"] == 200


@pytest.mark.parametrize("length", [b"11", b"99999999999999999999999", b"-1", b"ten"])
def test_an_announced_length_above_the_bound_or_none_at_all_is_refused_unread(length):
    heard, said = ask([b"x"], (b"content-length", length))
    assert heard == [] and said[0]["status"] == 413
    assert "上传" in said[1]["body"].decode() and "larger" in said[1]["body"].decode()


def test_a_body_that_grows_beyond_what_was_announced_is_cut_off():
    heard, said = ask([b"12345", b"67890", b"1", b"never read"], (b"content-length", b"3"))
    assert [one["type"] for one in heard] == ["http.request", "http.request", "http.disconnect"]
    assert [one.get("status") for one in said] == [413, None]


def test_other_connections_are_not_its_business():
    assert ask([b"more than ten bytes"], kind="lifespan")[1][0]["status"] == 200
