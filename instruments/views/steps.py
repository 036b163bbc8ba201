"""How a task's way and its history are shown."""

import json
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from instruments.models import Task
from instruments.rules.states import MAIN_LINE, STATE_NAMES
from lims.audit.models import Event
from lims.audit.registry import wording
from lims.core.text import Text

_TONES = {
    "task.return": "warning",
    "task.cancel": "danger",
    "task.void": "danger",
    "task.exception_granted": "warning",
    "task.issue": "success",
    "task.approve": "success",
}


def steps(task: Task, events: Sequence[Event]) -> list[dict[str, Any]]:
    """The main line with what is done, where the task stands and, from the events, who came there when."""
    reached = {event.to_state: event for event in events if event.to_state != event.from_state}
    notes = {
        state: f"{event.actor_name} {timezone.localtime(event.at):%m-%d %H:%M}" for state, event in reached.items()
    }
    if task.state in (Task.State.CANCELLED, Task.State.VOID):
        passed = [state for state in MAIN_LINE if state in reached]
        last = {"label": STATE_NAMES[task.state], "state": "failed", "note": notes.get(task.state, "")}
        return [{"label": STATE_NAMES[s], "state": "done", "note": notes.get(s, "")} for s in passed] + [last]
    now = Task.State.RECORDING if task.state == Task.State.RETURNED else task.state
    place = MAIN_LINE.index(now)
    line = []
    for index, state in enumerate(MAIN_LINE):
        done = index < place or (index == place and state == Task.State.ISSUED)
        line.append(
            {
                "label": STATE_NAMES[task.state] if index == place else STATE_NAMES[state],
                "state": "done" if done else "current" if index == place else "",
                "note": notes.get(task.state if index == place else state, "") if index <= place else "",
            }
        )
    return line


def timeline(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The events for components/timeline.html, newest first."""
    return [
        {
            "at": event.at,
            "who": event.actor_name,
            "text": wording(event.verb),
            "tone": _TONES.get(event.verb, "info"),
            "detail": _detail(json.loads(event.payload)),
        }
        for event in reversed(events)
    ]


def _detail(payload: dict[str, Any]) -> Text | str:
    """What of an event's payload a reader wants to see at once."""
    found_zh, found_en = [], []
    for key, zh, en in (
        ("technician", "检定员", "technician"),
        ("checker", "核验员", "checker"),
        ("approver", "批准人", "approver"),
        ("record", "记录", "record"),
        ("refusal", "不符合", "refusal"),
        ("reason", "理由", "reason"),
        ("certificate", "证书", "certificate"),
    ):
        if payload.get(key):
            found_zh.append(f"{zh}：{payload[key]}")
            found_en.append(f"{en}: {payload[key]}")
    return Text("；".join(found_zh), "; ".join(found_en))
