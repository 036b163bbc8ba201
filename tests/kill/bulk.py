"""The same killing while certificates are issued in bulk: an approver sends whole selections and watches how far they come."""

import time
import uuid
from typing import Any

import httpx

from tests.kill.run import WINDOW, KillRun

# Tasks of one selection; fewer where only a few are to be issued.
SIZE = 50


class BulkKillRun(KillRun):
    """Selections of tasks instead of tasks. The web server is at work while a form is sent and while the page is watched."""

    # A whole selection takes the web server longer than one approval.
    window = {**WINDOW, "web": 2.0}

    def _lay_out(self, tasks: list[dict[str, Any]]) -> None:
        size = min(SIZE, max(2, self.count // 5))
        for first in range(0, len(tasks), size):
            self.work.put(tasks[first : first + size])

    def _approve(self, client: httpx.Client, tasks: list[dict[str, Any]], signed: dict[str, str]) -> None:
        """Begins one run; its key makes the form sent twice the same run. Then watches it to its end."""
        ticked = [f"{one['task']}.{one['version']}.{one['record_sha256']}" for one in tasks]
        answer = self._send(client, "/certificates/bulk/", {**signed, "key": str(uuid.uuid4()), "task": ticked})
        if answer is None or answer.status_code != 302:
            return
        with self.lock:
            self.answered += len(tasks)
        while not self.ended.is_set() and self._goes_on(client, answer.headers["Location"]):
            time.sleep(0.2)

    def _goes_on(self, client: httpx.Client, address: str) -> bool:
        self.last_sent = time.monotonic()
        try:
            page = client.get(address)
        except httpx.TransportError:
            return True
        if page.status_code != 200:
            self._wonder(f"{address}: {page.status_code}")
        if 'data-reason="' in page.text:
            self._wonder(f"{address}: a task was refused")
        return "hx-trigger" in page.text
