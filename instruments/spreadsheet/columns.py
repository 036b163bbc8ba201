"""The columns of a ledger file. Headers are Chinese; the English names are understood too."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Column:
    """`name` is the key of the row's value; `headers` the accepted headings, the first one written."""

    name: str
    headers: tuple[str, ...]
    kind: Literal["text", "date"] = "text"
    required: bool = False
    width: int = 16


COLUMNS = (
    Column("ledger_number", ("台账号", "ledger number", "ledger_number"), width=12),
    Column(
        "organisation", ("单位名称", "使用单位", "organisation", "organization", "customer"), required=True, width=28
    ),
    Column("site", ("使用场所", "安装/使用地点", "安装使用地点", "site"), width=24),
    Column("address", ("场所地址", "地址", "address", "site address"), width=32),
    Column("district", ("行政区划", "district"), width=14),
    Column("position", ("安装位置", "position"), width=14),
    Column("category", ("器具类别", "类别", "category"), required=True, width=20),
    Column("name", ("器具名称", "计量器具名称", "名称", "name"), required=True, width=22),
    Column("name_en", ("英文名称", "english name", "name_en"), width=22),
    Column("model", ("型号规格", "型号", "model"), required=True),
    Column("manufacturer", ("制造单位", "生产厂家", "制造厂", "manufacturer"), required=True, width=26),
    Column("serial", ("出厂编号", "编号", "serial", "serial number"), required=True),
    Column("accuracy_class", ("准确度等级", "accuracy class", "accuracy_class", "class"), width=12),
    Column("measuring_range", ("测量范围", "measuring range", "measuring_range", "range"), width=20),
    Column("parameters", ("参数", "parameters"), width=40),
    Column("due_on", ("检定到期日", "有效期至", "due", "due on", "due_on"), kind="date", width=14),
    Column("state", ("状态", "state"), width=10),
)
BY_NAME = {column.name: column for column in COLUMNS}
_BY_HEADER = {header: column for column in COLUMNS for header in column.headers}


def column_of(header: object) -> Column | None:
    """The column a heading means; None for one that is not ours. Spaces, case and the star of required ones are ignored."""
    text = " ".join(str(header or "").replace("*", "").split()).lower()
    return _BY_HEADER.get(text)
