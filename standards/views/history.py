"""An object's events as sentences for components/timeline.html."""

import json
from collections.abc import Iterable
from typing import Any

from lims.audit.models import Event
from lims.audit.registry import wording
from lims.core.text import Text

# Particulars of events that a reader wants to see at once, in this order.
_LABELS = {
    "since": ("自", "since"),
    "reason": ("原因", "reason"),
    "position": ("位置", "position"),
    "kind": ("类别", "kind"),
    "sub_unit": ("子单元", "sub-unit"),
    "label": ("标识", "label"),
    "old": ("原", "old"),
    "new": ("新", "new"),
    "on": ("日期", "on"),
    "number": ("编号", "number"),
    "valid_until": ("有效期至", "valid until"),
    "device": ("设备", "device"),
    "person": ("人员", "person"),
    "path": ("路径", "path"),
    "value": ("值", "value"),
    "source": ("依据", "source"),
    "task": ("任务", "task"),
}
LONGEST = 120


def told(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Newest first: when, who, what, and from which value to which."""
    return [
        {"at": event.at, "who": event.actor_name, "text": wording(event.verb), "detail": _detail(event), "tone": "info"}
        for event in reversed(list(events))
    ]


def _detail(event: Event) -> Text:
    payload: dict[str, Any] = json.loads(event.payload)
    pieces = [
        (f"{name}：{_short(old)} → {_short(new)}", f"{name}: {_short(old)} → {_short(new)}")
        for name, (old, new) in payload.get("changed", {}).items()
    ]
    for key, (zh, en) in _LABELS.items():
        if isinstance(value := payload.get(key), str) and value:
            pieces.append((f"{zh}：{_short(value)}", f"{en}: {_short(value)}"))
    return Text("；".join(zh for zh, _en in pieces), "; ".join(en for _zh, en in pieces))


def _short(value: object) -> str:
    text = "；".join(f"{name}={one}" for name, one in value.items()) if isinstance(value, dict) else str(value or "—")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
