"""Record data (`record/1`) read into typed shapes. Incomplete is fine here; a wrong shape is refused with its path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from lims.core.strict import NUMBER
from lims.core.text import DataError
from standards.procedures.schema import KINDS, RecordErrors

ADJUSTMENTS: Final = ("", "adjustment", "repair")
"""What may have been done to the instrument between its first readings and those that count."""

FORMS: Final = ("", "single", "table", "equation")
CERTIFIED: Final = (
    "device", "certificate", "certificate_sha256", "form", "unit", "at_unit", "rows", "equation", "variable", "lower",
    "upper", "interpolation", "others",
)  # fmt: skip
"""Fields of one entry of `corrections`."""

MOST_ROWS: Final = 500
MOST_RUNS: Final = 200
MOST_CELLS: Final = 20_000
LONGEST_CELL: Final = 2_000

TOP: Final = (
    "schema", "kind", "parameters", "constants", "corrections", "environment", "judged", "items", "adjustment", "fields",
)  # fmt: skip
"""Fields of the document; `fields` is the explanation that a printed template carries and nobody reads back."""


@dataclass(frozen=True)
class Row:
    point: str
    values: dict[str, str]
    readings: dict[str, str]
    runs: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Judgement:
    result: str
    remark: str


@dataclass(frozen=True)
class Adjustment:
    """What was done to the instrument, in both languages; all empty when nothing was."""

    kind: str
    text: str
    text_en: str


@dataclass(frozen=True)
class CertifiedRow:
    """A certified value with its expanded uncertainty and coverage factor, at a point where it belongs to a table."""

    at: str
    value: str
    U: str
    k: str


@dataclass(frozen=True)
class Certified:
    """What the certificate of a device gives for one correction; `form` is empty where it gives nothing that can be used.

    An equation has one row without a value, for its U and k. `interpolation` is empty for straight lines between the points of
    a table, `points` where the certificate allows its points only. `others`: further devices of the role that are certified
    for it too.
    """

    device: str
    certificate: str
    certificate_sha256: str
    form: str
    unit: str
    at_unit: str
    rows: tuple[CertifiedRow, ...]
    equation: str
    variable: str
    lower: str
    upper: str
    interpolation: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    kind: str
    parameters: dict[str, str]
    constants: dict[str, str]
    corrections: dict[str, Certified]
    environment: dict[str, tuple[str, ...]]
    judged: dict[str, dict[str, Judgement]]
    items: dict[str, tuple[Row, ...]]
    adjustment: Adjustment


def parse_number(text: str) -> Decimal | None:
    """The number, or None for anything else: exponents, full-width digits, blanks inside, over 20 digits a side."""
    return Decimal(text) if NUMBER.fullmatch(text) else None


def plain(number: Decimal) -> str:
    """Digits without an exponent, and never a negative zero."""
    return format(abs(number) if number.is_zero() else number, "f")


def trimmed(number: Decimal) -> str:
    """The digits without needless zeros behind the point."""
    text = plain(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


class _Reader:
    def __init__(self) -> None:
        self.errors: list[DataError] = []
        self.cells = 0

    def fault(self, path: str, zh: str, en: str) -> None:
        if len(self.errors) < 50:
            self.errors.append(DataError(path[:200], zh, en))

    def mapping(self, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self.fault(path, "这里应是对象。", "This must be an object.")
            return {}
        return {str(key): one for key, one in value.items()}

    def sequence(self, value: Any, path: str, most: int) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            self.fault(path, "这里应是数组。", "This must be an array.")
            return []
        if len(value) > most:
            self.fault(
                path, f"最多 {most} 项，这里有 {len(value)} 项。", f"At most {most} entries, there are {len(value)}."
            )
            return []
        return list(value)

    def cell(self, value: Any, path: str) -> str:
        self.cells += 1
        if self.cells == MOST_CELLS + 1:
            self.fault("", f"超过 {MOST_CELLS} 个数据。", f"More than {MOST_CELLS} cells.")
        if value is None:
            return ""
        if isinstance(value, str) and len(value) <= LONGEST_CELL:
            return value.strip()
        if isinstance(value, str):
            self.fault(path, f"文字超过 {LONGEST_CELL} 个字符。", f"Longer than {LONGEST_CELL} characters.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            self.fault(path, "数字要写成带引号的十进制文字。", "Numbers are written as decimal strings in quotes.")
        else:
            self.fault(path, "这里应是带引号的文字。", "This must be a quoted string.")
        return ""

    def cells_of(self, value: Any, path: str) -> dict[str, str]:
        return {key: self.cell(one, f"{path}.{key}") for key, one in self.mapping(value, path).items()}

    def row(self, value: Any, path: str) -> Row:
        data = self.mapping(value, path)
        for key in data:
            if key not in ("point", "values", "readings", "runs"):
                self.fault(f"{path}.{key}", "未知字段。", "Unknown field.")
        runs = self.sequence(data.get("runs", []), f"{path}.runs", MOST_RUNS)
        return Row(
            point=self.cell(data.get("point", ""), f"{path}.point"),
            values=self.cells_of(data.get("values", {}), f"{path}.values"),
            readings=self.cells_of(data.get("readings", {}), f"{path}.readings"),
            runs=tuple(self.cells_of(run, f"{path}.runs[{index}]") for index, run in enumerate(runs)),
        )

    def judgement(self, value: Any, path: str) -> Judgement:
        data = self.cells_of(value, path)
        result = data.get("result", "")
        if result not in ("", "pass", "fail", "n/a"):
            self.fault(f"{path}.result", "应为 pass、fail、n/a 或空。", "This must be pass, fail, n/a or empty.")
            result = ""
        return Judgement(result, data.get("remark", ""))

    def certified(self, value: Any, path: str) -> Certified:
        data = self.mapping(value, path)
        for key in data:
            if key not in CERTIFIED:
                self.fault(f"{path}.{key}", "未知字段。", "Unknown field.")
        texts = {
            key: self.cell(data.get(key, ""), f"{path}.{key}") for key in CERTIFIED if key not in ("rows", "others")
        }
        if texts["form"] not in FORMS:
            self.fault(
                f"{path}.form",
                "应为 single、table、equation 或空。",
                "This must be single, table, equation or empty.",
            )
            texts["form"] = ""
        rows = []
        for at, one in enumerate(self.sequence(data.get("rows", []), f"{path}.rows", MOST_ROWS)):
            cells = self.cells_of(one, f"{path}.rows[{at}]")
            for key in cells.keys() - {"at", "value", "U", "k"}:
                self.fault(f"{path}.rows[{at}].{key}", "未知字段。", "Unknown field.")
            rows.append(CertifiedRow(*(cells.get(key, "") for key in ("at", "value", "U", "k"))))
        others = self.sequence(data.get("others", []), f"{path}.others", MOST_ROWS)
        return Certified(
            **texts,
            rows=tuple(rows),
            others=tuple(self.cell(one, f"{path}.others[{at}]") for at, one in enumerate(others)),
        )

    def adjustment(self, value: Any) -> Adjustment:
        data = self.cells_of(value, "adjustment")
        kind = data.get("kind", "")
        if kind not in ADJUSTMENTS:
            self.fault("adjustment.kind", "应为 adjustment、repair 或空。", "This must be adjustment, repair or empty.")
            kind = ""
        return Adjustment(kind, data.get("text", ""), data.get("text_en", ""))


def read_record(data: Mapping[str, Any]) -> Record:
    """Read one record document. Raises RecordErrors for a wrong shape, unquoted numbers and unknown fields."""
    reader = _Reader()
    root = reader.mapping(data, "")
    for key in root:
        if key not in TOP:
            reader.fault(key, "未知字段。", "Unknown field.")
    if root.get("schema", "record/1") != "record/1":
        reader.fault("schema", "应为 record/1。", "This must be record/1.")
    kind = reader.cell(root.get("kind", ""), "kind")
    if kind not in KINDS:
        reader.fault("kind", f"应为 {'、'.join(KINDS)} 之一。", f"This must be one of {', '.join(KINDS)}.")
    environment = {
        name: tuple(
            reader.cell(one, f"environment.{name}[{at}]")
            for at, one in enumerate(reader.sequence(pair, f"environment.{name}", 2))
        )
        for name, pair in reader.mapping(root.get("environment", {}), "environment").items()
    }
    judged = {
        item: {
            check: reader.judgement(one, f"judged.{item}.{check}")
            for check, one in reader.mapping(checks, f"judged.{item}").items()
        }
        for item, checks in reader.mapping(root.get("judged", {}), "judged").items()
    }
    items = {}
    for name, value in reader.mapping(root.get("items", {}), "items").items():
        block = reader.mapping(value, f"items.{name}")
        for key in block:
            if key != "rows":
                reader.fault(f"items.{name}.{key}", "未知字段。", "Unknown field.")
        rows = reader.sequence(block.get("rows", []), f"items.{name}.rows", MOST_ROWS)
        items[name] = tuple(reader.row(row, f"items.{name}.rows[{at}]") for at, row in enumerate(rows))
    record = Record(
        kind=kind,
        parameters=reader.cells_of(root.get("parameters", {}), "parameters"),
        constants=reader.cells_of(root.get("constants", {}), "constants"),
        corrections={
            name: reader.certified(one, f"corrections.{name}")
            for name, one in reader.mapping(root.get("corrections", {}), "corrections").items()
        },
        environment=environment,
        judged=judged,
        items=items,
        adjustment=reader.adjustment(root.get("adjustment", {})),
    )
    if reader.errors:
        raise RecordErrors(reader.errors)
    return record
