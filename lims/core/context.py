"""What is true for the request being answered, without passing it through every call."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """The identifier that ties a page, its events and its log lines together; empty outside a request or job."""
    return _request_id.get()


def begin(identifier: str = "") -> str:
    identifier = identifier or uuid.uuid4().hex
    _request_id.set(identifier)
    return identifier


@contextmanager
def scope(identifier: str) -> Iterator[None]:
    """Within the block everything belongs to this identifier; afterwards to the one before."""
    token = _request_id.set(identifier)
    try:
        yield
    finally:
        _request_id.reset(token)


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id() or "-"
        return True
