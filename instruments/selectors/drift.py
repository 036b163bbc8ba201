"""The judged results of one instrument over time, from the frozen records."""

import json
from typing import Any

from instruments.models import Instrument, Record, Task

COUNTING = (Task.State.CHECKED, Task.State.APPROVED, Task.State.ISSUED)
MOST_RECORDS = 50


def drift(instrument: Instrument) -> list[dict[str, Any]]:
    """One series per item, limited column and test point, over the latest records that a second person confirmed.

    Values are the decimal strings of the frozen evaluations; lower and upper are the limits of that day.
    """
    rows = (
        Record.objects.filter(task__instrument=instrument, task__state__in=COUNTING, state=Record.State.FROZEN)
        .select_related("task__sub_unit")
        .order_by("-verified_on", "-pk")[:MOST_RECORDS]
    )
    series: dict[tuple[str, ...], dict[str, Any]] = {}
    for record in reversed(rows):
        part = record.task.sub_unit.label if record.task.sub_unit else ""
        facts = json.loads(record.facts)
        for item_id, item in facts["evaluation"]["items"].items():
            for row in item.get("rows", []):
                for limit in row["limits"]:
                    if not limit["compared"]:
                        continue
                    point = _point(row)
                    key = (part, item_id, limit["column"], point)
                    line = series.setdefault(
                        key,
                        {
                            "part": part,
                            "item": item_id,
                            "title": item["title"],
                            "column": limit["column"],
                            "label": limit["title"],
                            "unit": limit["unit"],
                            "point": point,
                            "points": [],
                        },
                    )
                    line["points"].append(
                        {
                            "day": record.verified_on.isoformat() if record.verified_on else "",
                            "value": limit["printed"],
                            "lower": limit["lower"],
                            "upper": limit["upper"],
                            "result": limit["result"],
                            "record": record.number,
                        }
                    )
    return list(series.values())


def _point(row: dict[str, Any]) -> str:
    """What tells the test point from others: its values, or its name."""
    values = [value for value in row["values"].values() if value]
    return " / ".join(values) if values else str(row["point"])
