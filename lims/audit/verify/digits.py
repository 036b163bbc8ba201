"""Record and certificate worked out again: the data from the values, the evaluation from the data, the printed facts from both."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from certificates import derived
from lims.audit.verify.report import Report
from lims.core import canonical
from lims.core.text import Text
from standards.procedures import (
    Pack,
    PackErrors,
    RecordErrors,
    constants_of,
    corrections_of,
    evaluate,
    load_pack,
    result_tables,
    template,
)

FACTS, RECORD = "certificate-facts/1", "record-facts/1"
OF_ISSUE = {
    "schema", "demonstration", "number", "check_value", "verify_url", "institute", "record_number", "replaces", "supplements",
}  # fmt: skip
"""Fields of the facts that come into being with the issue and follow from no record."""
_WRITTEN = {"not_applicable": "n/a"}
"""What the record sheet writes for a check that does not apply, and what the procedures write."""


def document(report: Report, name: str, data: bytes, schema: str) -> dict[str, Any] | None:
    """A frozen document: canonical JSON of a schema this program knows. None when it cannot be used."""
    value = json.loads(data)
    if not isinstance(value, dict) or value.get("schema") != schema:
        report.unknown(
            f"{name} 的格式 {str(value.get('schema', ''))[:40]!r} 新于本程序（{schema}）",
            f"{name} has the format {str(value.get('schema', ''))[:40]!r}, this program knows {schema}",
        )
        return None
    if canonical.dumps(value).encode() != data:
        report.wrong(f"{name} 不是规范写法的 JSON：被改写过", f"{name} is not canonical JSON: it was rewritten")
    return value


def sha256(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical.dumps(dict(document)).encode()).hexdigest()


def pack(report: Report, text: str, record: Mapping[str, Any]) -> Pack | None:
    """The procedure of the record. None when the text is another or cannot be used."""
    stated = record["procedure"]
    try:
        found = load_pack(text)
    except PackErrors as error:
        first = error.errors[0]
        report.wrong(
            f"规程数据不可用：{first.path}：{first.text.zh}",
            f"the procedure cannot be used: {first.path}: {first.text.en}",
        )
        return None
    if found.sha256 != stated["sha256"] or found.label != stated["label"]:
        report.wrong(
            f"规程数据（{found.label}）不是原始记录所指的版本：pack.toml 被改动或调换",
            f"the procedure ({found.label}) is not the version that the record pins: pack.toml was altered or exchanged",
        )
        return None
    report.good(
        f"规程数据是记录所指的版本 {found.label}（{found.sha256[:12]}…）",
        f"the procedure is the version that the record pins, {found.label} ({found.sha256[:12]}…)",
    )
    return found


def data(report: Report, record: Mapping[str, Any], found: Pack) -> None:
    """Whether the data that were evaluated are the values put down, the certified constants and nothing else."""
    given = record["data"]
    latest = {one["path"]: one["value"] for one in record["values"]}
    blank = dict(_leaves(template(found, given["kind"], given["parameters"])))
    constants = constants_of(found, record["devices"], given["parameters"])
    faults = _corrections(given, record["devices"], found)
    ledger = 0
    there = dict(_leaves({key: value for key, value in given.items() if key != "corrections"}))
    for path, value in there.items():
        if path in latest and not path.startswith(("parameters.", "constants.")):
            allowed = [_WRITTEN.get(latest[path], latest[path])]
        elif path.startswith("parameters."):
            ledger += path not in latest and bool(value)
            allowed = [latest.get(path, value)] if path in latest else [value]
        elif path.startswith("constants."):
            allowed = [constants.get(path.removeprefix("constants."), blank.get(path, ""))]
        else:
            allowed = [blank.get(path, "")]
        if value not in allowed:
            faults.append(
                Text(
                    f"{path} 用于计算的值是 {value!r}，录入的是 {allowed[0]!r}：计算数据被改动",
                    f"{path}: {value!r} was evaluated, {allowed[0]!r} was put down: the data were altered",
                )
            )
    faults += [
        Text(f"{path} 录入了 {value!r}，计算中没有用到", f"{path}: {value!r} was put down, the evaluation lacks it")
        for path, value in latest.items()
        if value and path not in there
    ]
    report.several(faults)
    if not faults:
        report.good(
            f"参与计算的 {sum(map(bool, there.values()))} 个数据都来自录入值、设备证书所载数值或台账（台账参数 {ledger} 个）",
            f"all {sum(map(bool, there.values()))} data evaluated are values put down, values of device certificates, "
            f"or properties from the ledger ({ledger} of these)",
        )


def _corrections(given: Mapping[str, Any], devices: Sequence[Mapping[str, Any]], found: Pack) -> list[Text]:
    """Where the corrections evaluated are not those of the certificates that the record pins, item by item."""
    wanted = corrections_of(found, devices) if found.corrections else None
    return [
        Text(
            f"corrections.{path} 用于计算的是 {was!r}，设备证书所载为 {now!r}：计算数据被改动",
            f"corrections.{path}: {was!r} was evaluated, the device's certificate says {now!r}: the data were altered",
        )
        for path, was, now in _differences(given.get("corrections"), wanted)
    ]


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            if prefix or key != "fields":
                yield from _leaves(one, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _leaves(one, f"{prefix}[{at}]")
    else:
        yield prefix, str(value)


def evaluation(report: Report, record: Mapping[str, Any], found: Pack) -> None:
    """Computes everything again and compares digit by digit, the tables as printed included."""
    try:
        again = evaluate(found, record["data"])
    except RecordErrors as error:
        report.wrong(f"记录数据无法计算：{error}", f"the data of the record cannot be evaluated: {error}")
        return
    same = True
    for what_zh, what_en, was, now in (
        ("计算结果", "the results", record["evaluation"], again.as_json()),
        ("印出的表格", "the printed tables", record["results"], result_tables(found, record["data"], again)),
    ):
        differences = list(_differences(was, json.loads(canonical.dumps(now))))
        same = same and not differences
        report.several(
            [
                Text(
                    f"{what_zh} {path}：记录为 {a!r}，重新计算得 {b!r}",
                    f"{what_en}, {path}: the record says {a!r}, computing again gives {b!r}",
                )
                for path, a, b in differences
            ]
        )
    if same:
        digits = sum(character.isdigit() for text in _texts(record["results"]) for character in text)
        report.good(
            f"用规程 {found.label} 重新计算：结论“{again.conclusion}”，结果表中 {digits} 位数字逐位相同",
            f"computed again with {found.label}: conclusion {again.conclusion!r}, all {digits} digits of the result tables the same",
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def _differences(was: Any, now: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Places where two documents differ, each with both values in short."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            yield from _differences(was.get(key), now.get(key), f"{path}.{key}" if path else key)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for at, pair in enumerate(zip(was, now, strict=True)):
            yield from _differences(*pair, f"{path}[{at}]")
    elif was != now:
        yield path, _short(was), _short(now)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else canonical.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def facts(report: Report, stated: Mapping[str, Any], record: Mapping[str, Any], found: Pack) -> None:
    """Whether every value that the certificate prints follows from the record and the procedure."""
    wanted = json.loads(canonical.dumps(derived.from_record(record, found)))
    wanted["place"] = wanted["place"] or stated["institute"]["address"]["zh"]
    faults = []
    for name, value in wanted.items():
        given = stated[name]
        if name in ("dates", "people"):
            given = {key: given[key] for key in value}
        faults += [
            Text(
                f"证书的 {name}{'.' if path and path[0] != '[' else ''}{path} 印为 {was!r}，由原始记录应为 {now!r}",
                f"the certificate prints {was!r} as {name}{'.' if path and path[0] != '[' else ''}{path}, the record gives {now!r}",
            )
            for path, was, now in _differences(given, value)
        ]
    if stated["record_number"] != record["record"]["number"]:
        faults.append(Text("证书所指的是另一份原始记录", "the certificate names another original record"))
    report.several(faults)
    for name in sorted(stated.keys() - wanted.keys() - OF_ISSUE):
        report.unknown(
            f"证书内容“{name}”是本程序不认识的项目，未核对",
            f"the certificate holds {name!r}, which this program does not know",
        )
    if not faults:
        report.good(
            "证书所印的器具、结论、日期、设备、环境与全部结果都由原始记录和规程得出",
            "instrument, conclusion, dates, devices, environment and all results on the certificate follow from record and procedure",
        )
