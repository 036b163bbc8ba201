"""Waiting for a page. Playwright's own wait_for_function needs eval in the page, which our CSP refuses."""

import time
from typing import Any


def until(page: Any, expression: str, seconds: float = 60) -> None:
    """Returns when the JavaScript expression is true in the page."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"not within {seconds} s: {expression}"
        page.wait_for_timeout(50)
