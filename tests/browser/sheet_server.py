"""A stand-in for the record page: the sheet's partials over a dictionary, so that the browser side is tested by itself.

It keeps the promises of the real server (idempotent entries, reason for corrections, conflict per path, rig values checked) in
the simplest way, judges in Decimal, and can be told to misbehave through STORE.
"""

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path
from django.views.i18n import set_language

POINTS = (("p1", "8"), ("p2", "16"), ("p3", "32"))
READINGS = (
    ("E_pile", "桩示值", "kWh", "typed", "", ""),
    ("E_std", "标准电能", "kWh", "rig", "energy", "reference_meter"),
)
LIMIT = Decimal("2.0")


class Store:
    """What the stand-in has stored and how it is to behave."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, Any]] = {}
        self.entries: list[dict[str, Any]] = []
        self.version = 0
        self.down = False
        self.logged_out = False
        self.live_quality = "good"
        self.live_value = "12.345678"
        self.live_until = 0.0
        self.submitted = 0
        self.laid: dict[str, str] = {}


STORE = Store()


def evaluation() -> dict[str, Any]:
    rows, missing, failed = [], [], False
    for i, (point, _current) in enumerate(POINTS):
        texts = []
        for name, *_ in READINGS:
            where = f"items.error.rows[{i}].readings.{name}"
            text = STORE.values.get(where, {}).get("value", "")
            texts.append(text)
            if not text:
                missing.append({"path": where, "text": {"zh": "缺", "en": "missing"}})
        row: dict[str, Any] = {"point": point, "values": {"I": POINTS[i][1]}, "columns": {}, "runs": [], "limits": []}
        if all(texts):
            gamma = ((Decimal(texts[0]) - Decimal(texts[1])) / Decimal(texts[1]) * 100).quantize(Decimal("0.1"))
            result = "pass" if abs(gamma) <= LIMIT else "fail"
            failed |= result == "fail"
            row["columns"] = {"gamma": {"value": str(gamma), "printed": f"{gamma:+}", "unit": "%"}}
            row["limits"] = [
                {"column": "gamma", "lower": "-2.0", "upper": "2.0", "compared": str(gamma), "result": result}
            ]
        rows.append(row)
    checks = STORE.values.get("judged.appearance.marks.result", {}).get("value", "")
    if not checks:
        missing.append({"path": "judged.appearance.marks.result", "text": {"zh": "缺", "en": "missing"}})
    failed |= checks == "fail"
    conclusion = "fail" if failed else ("incomplete" if missing else "pass")
    return {
        "conclusion": conclusion,
        "missing": missing,
        "warnings": [],
        "items": {"error": {"conclusion": conclusion, "rows": rows, "columns": {}, "limits": []}},
        # As the server of the record tells them: a sentence for each value read from a certificate.
        "corrections": {"error": [f"修正值：{row['point']}" for row in rows if row["columns"]]},
    }


def cell(path_: str, **extra: Any) -> dict[str, Any]:
    stored = STORE.values.get(path_, {})
    return {
        "kind": "input",
        "path": path_,
        "value": stored.get("value", STORE.laid.get(path_, "")),
        "origin": stored.get("origin", ""),
        "corrected": stored.get("corrected", False),
        **extra,
    }


@login_not_required
def sheet(request: HttpRequest) -> HttpResponse:
    result = evaluation()
    rows = []
    for i, (_point, current) in enumerate(POINTS):
        columns = result["items"]["error"]["rows"][i]["columns"]
        limits = result["items"]["error"]["rows"][i]["limits"]
        cells: list[dict[str, Any]] = [{"kind": "text", "head": True, "text": f"{current} A"}]
        for name, label, unit, source, quantity, role in READINGS:
            cells.append(
                cell(
                    f"items.error.rows[{i}].readings.{name}",
                    label=f"{current} A {label}",
                    unit=unit,
                    source=source,
                    quantity=quantity,
                    role=role,
                    column=label,
                )
            )
        where = f"items.error.rows[{i}].columns.gamma"
        cells.append(
            {
                "kind": "computed",
                "path": where,
                "printed": columns.get("gamma", {}).get("printed", ""),
                "unit": "%",
                "result": limits[0]["result"] if limits else "",
                "column": "误差",
            }
        )
        cells.append({"kind": "limit", "path": where, "text": "±2.0", "confirmed": False, "column": "允许误差"})
        rows.append({"lines": [{"cells": cells}]})
    item = {
        "id": "error",
        "title": {"zh": "工作误差", "en": "Working error"},
        "conclusion": result["conclusion"],
        "corrections": result["corrections"]["error"],
        "enter": "down",
        "columns": [
            {"label": "负载电流", "unit": ""},
            *({"label": label, "unit": unit, "numeric": True} for _n, label, unit, *_ in READINGS),
            {"label": "误差", "unit": "%", "numeric": True},
            {"label": "允许误差", "unit": "%", "numeric": True},
        ],
        "rows": rows,
        "plot": {"item": "error", "x": "values.I", "y": "gamma", "x_label": "负载电流 A", "y_label": "误差 %"},
    }
    check = {
        "path": "judged.appearance.marks",
        "title": "铭牌和标志清晰",
        "requirement": "型号、编号、等级齐全",
        "result": STORE.values.get("judged.appearance.marks.result", {}).get("value", ""),
        "remark": STORE.values.get("judged.appearance.marks.remark", {}).get("value", ""),
        "not_applicable": True,
    }
    environment = [
        {
            "label": "温度",
            "unit": "℃",
            "limits": "10～35",
            "start": cell("environment.temperature[0]", label="温度 开始", unit="℃", column="开始"),
            "end": cell("environment.temperature[1]", label="温度 结束", unit="℃", column="结束"),
        }
    ]
    live = {
        "url": "/sheet/live/",
        "title": "交流充电桩检定装置 2301",
        "port": "evse-ac",
        "valid_until": "2027-03-14",
        "channels": [
            {"channel": "energy", "quantity": "energy", "role": "", "label": "标准电能", "unit": "kWh"},
            {"channel": "voltage", "quantity": "voltage", "role": "", "label": "电压", "unit": "V"},
            {"channel": "current", "quantity": "current", "role": "", "label": "电流", "unit": "A"},
        ],
    }
    options = [
        {"value": "reading", "label": {"zh": "示值法", "en": "Readings"}},
        {"value": "pulse", "label": {"zh": "脉冲法", "en": "Pulses"}},
    ]
    method = cell("parameters.method", label="方法", column="方法", options=options)
    parameters = {
        "id": "parameters",
        "title": "器具参数",
        "enter": "next",
        "columns": [{"label": "参数"}, {"label": "值"}],
        "rows": [{"lines": [{"cells": [{"kind": "text", "head": True, "text": "方法"}, method]}]}],
    }
    context = {"parameters": parameters, "item": item, "check": check, "environment": environment, "live": live}
    return render(request, "sheet_test.html", context)


def judge(entry: dict[str, Any], answer: dict[str, Any]) -> None:
    known = next((e for e in STORE.entries if e["entry"] == entry["entry"]), None)
    laid = {"value": STORE.laid.get(entry["path"], ""), "origin": "", "corrected": False}
    stored = STORE.values.get(entry["path"], laid)
    if known is None:
        if stored["value"] not in (entry["previous"], entry["value"]):
            answer["conflicts"].append(
                {
                    "entry": entry["entry"],
                    "path": entry["path"],
                    "yours": entry["value"],
                    "theirs": stored["value"],
                    "by": "检定员乙",
                    "at": "2026-11-20T08:00:00Z",
                }
            )
            return
        if entry["value"] == "666":
            reasons = [{"code": "range", "text": "超出仪表显示范围", "action": "核对示值后重新填写"}]
            answer["refused"].append({"entry": entry["entry"], "path": entry["path"], "reasons": reasons})
            return
        if stored["origin"] and not entry["reason"]:
            reasons = [{"code": "reason_required", "text": "更改须写明原因", "action": ""}]
            answer["refused"].append({"entry": entry["entry"], "path": entry["path"], "reasons": reasons})
            return
        STORE.entries.append(entry)
        stored = {
            "value": entry["value"],
            "origin": entry["source"] if entry["value"] else "",
            "corrected": stored["corrected"] or bool(stored["origin"]),
        }
        STORE.values[entry["path"]] = stored
        STORE.version += 1
    answer["saved"].append({"entry": entry["entry"], "path": entry["path"], **stored})


@login_not_required
def entries(request: HttpRequest) -> HttpResponse:
    if STORE.down:
        return HttpResponse(status=503)
    if STORE.logged_out:
        return redirect("/accounts/login/")
    answer: dict[str, Any] = {"saved": [], "conflicts": [], "refused": []}
    if request.method == "PATCH":
        for entry in json.loads(request.body)["entries"]:
            judge(entry, answer)
    else:
        answer["values"] = STORE.values
    status = 409 if answer["conflicts"] else 422 if answer["refused"] else 200
    body = {"version": STORE.version, "editable": True, **answer, "evaluation": evaluation()}
    return JsonResponse(body, status=status)


@login_not_required
def live(request: HttpRequest) -> StreamingHttpResponse:
    def stream() -> Iterator[str]:
        yield 'retry: 500\n\nevent: state\ndata: {"state": "capturing", "text": "采集中"}\n\n'
        while time.monotonic() < STORE.live_until:
            channels = [
                {"channel": "energy", "quantity": "energy", "role": "", "value": STORE.live_value, "unit": "kWh", "quality": STORE.live_quality, "reading": 7},
                {"channel": "voltage", "quantity": "voltage", "role": "", "value": "220.13", "unit": "V", "quality": "good", "reading": 8},
                {"channel": "current", "quantity": "current", "role": "", "value": "31.996", "unit": "A", "quality": "good", "reading": 9},
            ]  # fmt: skip
            yield f"event: readings\ndata: {json.dumps({'session': 'a-session', 'at': '2026-11-20T08:00:00Z', 'channels': channels})}\n\n"
            time.sleep(0.1)

    return StreamingHttpResponse(stream(), content_type="text/event-stream")


@login_not_required
def submit(request: HttpRequest) -> HttpResponse:
    STORE.submitted += 1
    return HttpResponse("<!doctype html><html lang=zh><title>ok</title><link rel=icon href='data:,'><h1>submitted</h1>")


urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("language/", login_not_required(set_language), name="set_language"),
    path("sheet/", sheet),
    path("sheet/entries/", entries),
    path("sheet/live/", live),
    path("sheet/submit/", submit),
]
