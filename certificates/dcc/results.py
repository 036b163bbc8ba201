"""The measurement results: method, devices, conditions, and every column of every table with its unit and uncertainty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from certificates.documents import wording as w
from certificates.documents.facts import Facts, both, has_uncertainty
from certificates.documents.wording import Wording
from lims.core.text import Text

from .nodes import Node, add, identification, said, token, words
from .tables import ABSENT, add_limits, add_real, add_table, limits_of, number_of
from .units import Foreign, unit

_CONDITIONS = {"温度": "basic_temperature", "相对湿度": "basic_humidityRelative"}
_VERDICTS = {"合格": "pass", "不合格": "fail"}
_BEFORE = {"adjustment": "beforeAdjustment", "repair": "beforeRepair"}
_AFTER = {"adjustment": "afterAdjustment", "repair": "afterRepair"}
_SPAN = re.compile(r"\s*～\s*")


def add_results(root: Node, facts: Facts, words_of: Wording) -> None:
    """`measurementResults`: one measurement result, and before it the one from before an adjustment or repair."""
    adjustment = facts.get("adjustment")
    parent = add(root, "measurementResults")
    _method(parent, facts, words_of)
    _equipment(parent, facts)
    _conditions(parent, facts)
    if adjustment and adjustment["results"]:
        before, name = _BEFORE[adjustment["kind"]], w.BEFORE_AND_AFTER[adjustment["kind"]][0]
        _measurement(parent, adjustment["results"], name, "b", status=before, what=adjustment["text"])
    status = _AFTER[adjustment["kind"]] if adjustment else ""
    _measurement(parent, facts["results"], words_of.results, "r", status=status, what=(adjustment or {}).get("text"))


def _measurement(
    parent: Node, results: list[dict[str, Any]], name: Text, prefix: str, *, status: str, what: Any
) -> None:
    measurement = add(parent, "measurementResult")
    words(measurement, "name", name)
    if status:
        condition = add(add(measurement, "influenceConditions"), "influenceCondition")
        words(condition, "name", w.ADJUSTMENT)
        add(condition, "status", status)
        words(add(condition, "data"), "text", what)
    listed, path = add(measurement, "results"), "results" if prefix == "r" else "adjustment.results"
    for number, result in enumerate(results, start=1):
        _result(listed, result, f"{prefix}{number}", f"{path}[{number - 1}]")


def _method(parent: Node, facts: Facts, words_of: Wording) -> None:
    procedure, listed = facts["procedure"], add(parent, "usedMethods")
    method = add(listed, "usedMethod", refType="basic_calibrationMethod")
    words(method, "name", procedure["title"])
    words(method, "description", words_of.method)
    token(method, "norm", procedure["label"])
    token(method, "reference", f"SHA-256 {procedure['sha256']}" if procedure["sha256"] else "")
    if any(has_uncertainty(one) for one in facts["results"]):
        method = add(listed, "usedMethod", refType="basic_methodMeasurementUncertainty")
        words(method, "name", Text("测量不确定度评定与表示", "Evaluation and expression of uncertainty in measurement"))
        words(method, "description", w.UNCERTAINTY_NOTE)
        add(method, "norm", "JJF 1059.1")


def _equipment(parent: Node, facts: Facts) -> None:
    if not facts["standards"] and not facts["devices"]:
        return
    listed = add(parent, "measuringEquipments")
    for one in facts["standards"]:
        node = add(listed, "measuringEquipment", refType="basic_measurementStandard")
        words(node, "name", one["name"])
        _described(node, one, w.STANDARDS)
        names = add(node, "identifications")
        identification(names, "other", one["certificate_number"], Text("计量标准证书号", "Certificate No."))
        if not len(names):
            node.remove(names)
    for one in facts["devices"]:
        node = add(listed, "measuringEquipment", refType="basic_normalUsed")
        words(node, "name", one["name"])
        _described(node, one, w.DEVICES)
        token(node, "model", one["model"])
        names = add(node, "identifications")
        identification(names, "manufacturer", one["serial"], w.SERIAL)
        identification(names, "other", one["certificate_number"], w.NUMBER)
        if not len(names):
            node.remove(names)


def _described(node: Node, one: Mapping[str, Any], role: Text) -> None:
    zh, en = [role.zh], [role.en]
    labels = (
        (w.RANGE, "range"),
        (Text("准确度", "Accuracy"), "accuracy"),
        (Text("证书签发单位", "Certificate issued by"), "issuer"),
        (w.VALID_UNTIL, "valid_until"),
    )
    for label, key in labels:
        if one.get(key):
            zh.append(f"{label.zh}：{one[key]}")
            en.append(f"{label.en}: {one[key]}")
    words(node, "description", Text("；".join(zh), "; ".join(en)))


def _conditions(parent: Node, facts: Facts) -> None:
    shown = [(index, one) for index, one in enumerate(facts["environment"]) if one["value"]]
    if not shown and not facts["place"]:
        return
    listed = add(parent, "influenceConditions")
    for index, one in shown:
        ref = _CONDITIONS.get(both(one["name"]).zh)
        condition = add(listed, "influenceCondition", **({"refType": ref} if ref else {}))
        words(condition, "name", one["name"])
        quantity = add(add(condition, "data"), "quantity", id=f"environment{index + 1}")
        words(quantity, "name", one["name"])
        values = [number_of(part) for part in _SPAN.split(one["value"])]
        spelled = unit(one["unit"], f"environment[{index}].unit")
        if all(value and value != ABSENT for value in values) and not isinstance(spelled, Foreign):
            add_real(quantity, [str(value) for value in values], spelled)
        else:
            words(quantity, "noQuantity", f"{one['value']} {one['unit']}".strip())
    if facts["place"]:
        condition = add(listed, "influenceCondition")
        words(condition, "name", w.PLACE)
        words(add(condition, "data"), "text", facts["place"])


def _result(parent: Node, result: Mapping[str, Any], name: str, path: str) -> None:
    node = add(parent, "result", id=name)
    words(node, "name", result["title"])
    verdict = said(result["conclusion"])
    told = [verdict] if verdict.zh else []
    told += [said(one) for one in result.get("corrections", ())]
    if told:
        words(node, "description", Text(" ".join(one.zh for one in told), " ".join(one.en or one.zh for one in told)))
    data = add(node, "data")
    if result["columns"]:
        listed = add_table(data, result, name, path)
        _judged(listed, verdict)
    for index, check in enumerate(result["checks"], start=1):
        _check(data, check, f"{name}-check{index}")
    for index, line in enumerate(result["summary"], start=1):
        _summary(data, line, f"{name}-summary{index}", f"{path}.summary[{index - 1}]")
    if not len(data):
        words(data, "text", verdict if verdict.zh else result["title"])


def _judged(node: Node, verdict: Text) -> None:
    """The conclusion, as what machines compare, where it is one of the two that the schema knows."""
    if verdict.zh in _VERDICTS:
        meta = add(add(node, "measurementMetaData"), "metaData", refType="basic_conformity")
        words(meta, "declaration", verdict)
        add(meta, "conformity", _VERDICTS[verdict.zh])


def _check(data: Node, check: Mapping[str, Any], name: str) -> None:
    quantity, verdict = add(data, "quantity", id=name), said(check["result"])
    words(quantity, "name", check["title"])
    if check.get("remark"):
        words(quantity, "description", str(check["remark"]))
    words(quantity, "noQuantity", verdict)
    _judged(quantity, verdict)


def _summary(data: Node, line: Mapping[str, Any], name: str, path: str) -> None:
    value, printed = str(line["value"]), str(line.get("unit") or "")
    number, limits = number_of(value), limits_of(value)
    spelled = unit(printed, f"{path}.unit") if number or limits else ""
    quantity = add(data, "quantity", id=name)
    words(quantity, "name", line["label"])
    if number and number != ABSENT and not isinstance(spelled, Foreign):
        add_real(quantity, [number], spelled)
        return
    words(quantity, "noQuantity", f"{value} {printed}".strip())
    if limits and not isinstance(spelled, Foreign):
        add_limits(add(quantity, "measurementMetaData"), [limits], spelled)
