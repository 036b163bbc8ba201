"""Taking a ledger file in, row by row: each row is entered whole or not at all, and none stops the others."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import DatabaseError, transaction

from instruments.models import Instrument, Site
from instruments.rules import ledger as rules
from instruments.services.ledger import change_instrument, register_instrument, register_site
from instruments.spreadsheet.columns import BY_NAME
from instruments.spreadsheet.reading import Row, read
from lims.core.text import Reason, Refused, reason
from lims.people.models import Organisation, User
from standards.models import Category
from standards.services.refusals import allow

# A page answers within seconds; larger files go through the command.
MOST_ROWS_BY_PAGE = 2_000


@dataclass(frozen=True)
class RowReport:
    """What became of one row. `outcome`: created, updated, unchanged or refused (then `reasons` say why)."""

    number: int
    outcome: str
    label: str
    reasons: tuple[Reason, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.number,
            "outcome": self.outcome,
            "label": self.label,
            "reasons": [one.as_json() for one in self.reasons],
        }


@dataclass
class ImportReport:
    rows: list[RowReport] = field(default_factory=list)
    ignored: tuple[str, ...] = ()
    cut: bool = False

    def count(self, outcome: str) -> int:
        return sum(1 for row in self.rows if row.outcome == outcome)

    @property
    def counts(self) -> dict[str, int]:
        return {outcome: self.count(outcome) for outcome in ("created", "updated", "unchanged", "refused")}

    def as_json(self) -> dict[str, Any]:
        return {
            "counts": self.counts,
            "ignored_columns": list(self.ignored),
            "cut": self.cut,
            "rows": [row.as_json() for row in self.rows],
        }


def import_ledger(*, by: User | None, data: bytes, most_rows: int | None = None) -> ImportReport:
    """Enters the rows of an XLSX file. Raises DataError for a file that cannot be read, Refused for a person who may not.

    A row is known again by its ledger number, or by manufacturer, model and serial number; then it is changed where the
    file says otherwise. Empty cells leave what is there.
    """
    allow(rules.may_keep_ledger(by))
    sheet = read(data)
    if most_rows is not None and len(sheet.rows) > most_rows:
        raise Refused(
            reason(
                "too_many_rows",
                f"网页一次最多导入 {most_rows} 行，此文件有 {len(sheet.rows)} 行",
                f"A page takes at most {most_rows} rows at a time; this file has {len(sheet.rows)}",
                "请分成几个文件，或请管理员用命令导入",
                "Split the file, or ask the administrator to import it by command",
            )
        )
    report = ImportReport(ignored=sheet.ignored, cut=sheet.cut)
    seen: dict[tuple[str, str, str], int] = {}
    organisations = {one.name: one for one in Organisation.objects.filter(kind=Organisation.Kind.CUSTOMER)}
    for row in sheet.rows:
        report.rows.append(_enter(row, by, seen, organisations))
    return report


def _enter(
    row: Row, by: User | None, seen: dict[tuple[str, str, str], int], organisations: dict[str, Organisation]
) -> RowReport:
    label = " ".join(row.values.get(name, "") for name in ("name", "model", "serial")).strip()
    try:
        fields = _fields(row, organisations)
        _once_in_file(row, fields, seen)
        with transaction.atomic():
            outcome, instrument = _write(row, fields, by)
        return RowReport(row.number, outcome, str(instrument))
    except Refused as refusal:
        return RowReport(row.number, "refused", label, refusal.reasons)
    except DatabaseError as error:
        fault = reason(
            "database",
            f"数据库拒绝了此行（{type(error).__name__}）",
            f"The database refused this row ({type(error).__name__})",
            "请检查此行内容后重新导入",
            "Check the row and import it again",
        )
        return RowReport(row.number, "refused", label, (fault,))


def _once_in_file(row: Row, fields: dict[str, Any], seen: dict[tuple[str, str, str], int]) -> None:
    identity = (fields["manufacturer"], fields["model"], fields["serial"])
    first = seen.setdefault(identity, row.number)
    if first != row.number:
        raise Refused(
            reason(
                "twice_in_file",
                f"与第 {first} 行是同一台器具（制造单位、型号规格、出厂编号相同）",
                f"The same instrument as row {first} (manufacturer, model and serial number)",
                "请删去重复的行",
                "Remove the repeated row",
                where="serial",
            )
        )


def _fields(row: Row, organisations: dict[str, Organisation]) -> dict[str, Any]:
    """The row's values as fields of an instrument. Raises Refused with everything that is wrong with the row."""
    faults = list(row.faults)
    values = row.values
    faulty = {one.where for one in faults}
    for column in BY_NAME.values():
        if column.required and column.name not in values and column.name not in faulty:
            heading = column.headers[0]
            faults.append(reason("cell_empty", f"没有填写“{heading}”", f"“{heading}” is empty", where=column.name))
    organisation = organisations.get(values.get("organisation", ""))
    if organisation is None and "organisation" in values:
        faults.append(
            reason(
                "organisation_unknown",
                f"系统中没有单位“{values['organisation']}”",
                f"There is no organisation “{values['organisation']}”",
                "请先登记该单位，或改正名称",
                "Enter the organisation first, or correct the name",
                where="organisation",
            )
        )
    category = _choice(values.get("category", ""), Category, "category", faults)
    state = _choice(values.get("state", ""), Instrument.State, "state", faults)
    parameters = _parameters(values.get("parameters", ""), faults)
    if faults:
        raise Refused(*faults)
    copied = ("position", "name", "name_en", "model", "manufacturer", "serial", "accuracy_class", "measuring_range")
    fields: dict[str, Any] = {name: values[name] for name in copied if name in values}
    fields |= {"organisation": organisation, "category": category}
    if state:
        fields["state"] = state
    if "parameters" in values:
        fields["parameters"] = parameters
    if "due_on" in values:
        fields["due_on"] = date.fromisoformat(values["due_on"])
    return fields


def _choice(text: str, choices: Any, where: str, faults: list[Reason]) -> str:
    """The code of a choice given as its code or its label."""
    if not text:
        return ""
    for code, label in choices.choices:
        if text in (code, str(label)):
            return str(code)
    known = "、".join(str(label) for label in choices.labels)
    faults.append(
        reason(
            "choice_unknown",
            f"不认识“{text}”",
            f"“{text}” is not known",
            f"请填写：{known}",
            f"Use one of: {known}",
            where=where,
        )
    )
    return ""


def _parameters(text: str, faults: list[Reason]) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in text.replace("；", ";").split(";"):
        if not piece.strip():
            continue
        name, equals, value = piece.partition("=")
        found[name.strip()] = value.strip()
        if not equals or rules.strings_only({name.strip(): value.strip()}):
            faults.append(
                reason(
                    "parameters_malformed",
                    f"参数“{piece.strip()}”应写成 名=值",
                    f"The parameter “{piece.strip()}” must be written name=value",
                    where="parameters",
                )
            )
            return {}
    return found


def _write(row: Row, fields: dict[str, Any], by: User | None) -> tuple[str, Instrument]:
    organisation: Organisation = fields["organisation"]
    known = _known(row, fields)
    if known is not None and known.organisation_id != organisation.pk:
        raise Refused(
            reason(
                "instrument_of_another",
                f"该器具已登记在“{known.organisation}”名下（{known.ledger_number}）",
                f"This instrument is already entered for “{known.organisation}” ({known.ledger_number})",
                "如已转让，请在器具页面修改单位",
                "If it changed hands, change the organisation on its page",
                where="organisation",
            )
        )
    if "site" in row.values:
        fields["site"] = _site(row, organisation, by)
    if known is None:
        return "created", register_instrument(by=by, **fields)
    changed = {name: value for name, value in fields.items() if getattr(known, name) != value}
    if not changed:
        return "unchanged", known
    return "updated", change_instrument(by=by, instrument=known, version=known.version, **changed)


def _known(row: Row, fields: dict[str, Any]) -> Instrument | None:
    rows = Instrument.objects.select_related("organisation", "site")
    if number := row.values.get("ledger_number"):
        found = rows.filter(ledger_number=number).first()
        if found is None:
            raise Refused(
                reason(
                    "ledger_number_unknown",
                    f"台账号 {number} 不存在",
                    f"There is no ledger number {number}",
                    "新增器具请把台账号留空",
                    "Leave the ledger number empty for a new instrument",
                    where="ledger_number",
                )
            )
        return found
    return rows.filter(manufacturer=fields["manufacturer"], model=fields["model"], serial=fields["serial"]).first()


def _site(row: Row, organisation: Organisation, by: User | None) -> Site:
    name = row.values["site"]
    found = Site.objects.filter(organisation=organisation, name=name).first()
    return found or register_site(
        by=by,
        organisation=organisation,
        name=name,
        address=row.values.get("address", ""),
        district=row.values.get("district", ""),
    )
