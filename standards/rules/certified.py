"""When values of a certificate may be taken into an entry: they agree with each other, the file is whole, the device is the same."""

from collections.abc import Mapping, Sequence

from lims.core.text import Reason, reason
from lims.metrology.certified import CertifiedError, read
from standards.dcc import DccReport
from standards.models import CertifiedValue, Device

# How the entry page calls the columns of a row.
COLUMNS = {
    "name": ("名称", "name"),
    "value": ("值", "value"),
    "unit": ("单位", "unit"),
    "at": ("测量点", "point"),
    "at_unit": ("测量点单位", "unit of the point"),
    "range_lower": ("适用下限", "lower end of the range"),
    "range_upper": ("适用上限", "upper end of the range"),
    "U": ("U", "U"),
    "U_unit": ("U 的单位", "unit of U"),
    "k": ("k", "k"),
    "equation": ("方程", "equation"),
    "variable": ("自变量", "variable"),
    "interpolation": ("内插规则", "interpolation"),
}


def values_agree(rows: Sequence[Mapping[str, str]]) -> Reason | None:
    """The rows of one certificate, as facts, can be used as they stand."""
    try:
        read(rows)
    except CertifiedError as error:
        zh, en = COLUMNS[error.key]
        return reason(
            "values_unfit",
            f"第 {error.row + 1} 行（{rows[error.row].get('name') or '—'}）“{zh}”：{error.zh}",
            f"Row {error.row + 1} ({rows[error.row].get('name') or '—'}), {en}: {error.en}",
            where=f"values[{error.row}].{error.key}",
        )
    return None


def signature_holds(report: DccReport) -> Reason | None:
    """A file whose signature does not hold is not used; one without a signature is, as paper is."""
    if report.signature.state != "broken":
        return None
    return reason(
        "dcc_signature_broken",
        report.signature.text.zh,
        report.signature.text.en,
        "请向出具机构索取完好的文件",
        "Ask the issuer for an intact file",
    )


def differences(report: DccReport, device: Device) -> list[tuple[str, str, str, str]]:
    """What the file says of the item and the register says otherwise: label in both languages, file, register."""
    stated = (
        ("出厂编号", "Serial number", [one.value for one in report.identifications], device.serial),
        ("制造单位", "Manufacturer", [report.manufacturer], device.manufacturer),
        ("型号规格", "Model", [report.model], device.model),
    )
    found = []
    for zh, en, given, known in stated:
        told = [one for one in given if one]
        if told and known and not any(_alike(one, known) for one in told):
            found.append((zh, en, "、".join(told), known))
    return found


def _alike(first: str, second: str) -> bool:
    return "".join(first.split()).casefold() == "".join(second.split()).casefold()


def same_device(report: DccReport, device: Device, note: str) -> Reason | None:
    """The calibrated item is this device; where file and register differ somebody says why it is."""
    found = differences(report, device)
    if not found or note.strip():
        return None
    zh = "；".join(f"{label}：文件为“{told}”，台账为“{known}”" for label, _en, told, known in found)
    en = "; ".join(f"{label}: “{told}” in the file, “{known}” in the register" for _zh, label, told, known in found)
    return reason(
        "other_item",
        f"文件所写的被校对象与该设备不一致——{zh}",
        f"The file names another item: {en}",
        "确为同一台设备的，请写明理由；否则请在正确的设备下导入",
        "If it is the same device, say why; otherwise import it for the right one",
        where="identity_note",
    )


def was_compared(values: Sequence[CertifiedValue], compared: Mapping[int, Mapping[str, object]]) -> tuple[Reason, ...]:
    """Every row was ticked by the second person, and the digits typed anew from the paper are those of the entry.

    compared: by key of the value `ticked`, and `typed`: the digits, or None where they are compared by eye.
    """
    found = []
    for place, value in enumerate(values, 1):
        told = " ".join(part for part in (value.name, value.at and f"@ {value.at} {value.at_unit}".strip()) if part)
        done = compared.get(value.pk, {})
        typed = done.get("typed")
        digits = str(typed or "").strip().replace("−", "-")
        if typed is not None and digits != value.value:
            found.append(
                reason(
                    "digits_differ",
                    f"第 {place} 行 {told}：录入为“{value.value}”，您从原件读出“{digits or '（空）'}”",
                    f"Row {place}, {told}: the entry says “{value.value}”, you read “{digits or '(nothing)'}”",
                    "请再看原件：您看错了就改正后再交；录入错了就请撤回这份录入，重新录入",
                    "Look at the paper again: if you misread it, type it anew; if the entry is wrong, have it withdrawn",
                )
            )
        elif not done.get("ticked"):
            found.append(
                reason(
                    "row_not_compared",
                    f"第 {place} 行 {told} 尚未勾选“一致”",
                    f"Row {place}, {told} is not ticked as compared",
                    "请对照原件核对单位、测量点、U 和 k 后勾选",
                    "Compare unit, point, U and k with the paper, then tick it",
                )
            )
    return tuple(found)
