"""Where the corrections of an evaluation come from, as sentences for the sheet, the printed record and the certificate."""

from __future__ import annotations

from collections.abc import Collection

from lims.core.text import Text
from standards.procedures.corrections import Used, form_words
from standards.procedures.results import Evaluation
from standards.procedures.rounded import short


def provenance(evaluation: Evaluation) -> dict[str, list[Text]]:
    """By item: one sentence for every value used, and for every value that could not be read."""
    found: dict[str, list[Text]] = {}
    for path, used in evaluation.corrections:
        found.setdefault(_item(path), []).append(_sentence(used))
    for remark in evaluation.unread:
        found.setdefault(_item(remark.path), []).append(remark.text)
    return {name: list(dict.fromkeys(lines)) for name, lines in found.items()}


def certificates_used(used: Collection[Used]) -> list[Text]:
    """One sentence per correction and certificate: for where the values themselves stand in a table."""
    return list(
        dict.fromkeys(
            Text(
                f"{one.label.zh}取自设备 {one.certified.device} 的证书 {one.certified.certificate}（{_rule(one).zh}）。",
                f"{one.label.en}: from certificate {one.certified.certificate} of device {one.certified.device} ({_rule(one).en}).",
            )
            for one in used
            if not one.by_default
        )
    )


def _item(path: str) -> str:
    return path.split(".")[1]


def _rule(used: Used) -> Text:
    form = form_words(used.certified.form)
    if used.certified.form == "table" and not used.certified.interpolation:
        return Text(f"{form.zh}，相邻点之间线性内插", f"{form.en}, straight lines between neighbouring points")
    return form


def _sentence(used: Used) -> Text:
    given, label, unit = used.certified, used.label, _unit(used.unit)
    value = f"{short(used.value)}{unit}"
    if used.by_default:
        if not given.certificate:
            return Text(
                f"{label.zh}：没有证书，按规程取 {value}。", f"{label.en}: no certificate; {value} by the procedure."
            )
        return Text(
            f"{label.zh}：设备 {given.device} 的证书 {given.certificate} 没有给出，按规程取 {value}。",
            f"{label.en}: not given by certificate {given.certificate} of device {given.device}; {value} by the procedure.",
        )
    at = f"{short(used.point)}{_unit(used.at_unit)}"
    size, size_en = "证书未给出 U 或 k", "the certificate states no U or k"
    if used.expanded is not None and used.k is not None:
        size = size_en = f"U = {short(used.expanded)}{unit} (k = {short(used.k)})"
    how, how_en = f"，{form_words(given.form).zh}", f", {form_words(given.form).en}"
    if used.between:
        low, high = used.between
        how += f"，在 {low} 与 {high}{_unit(given.at_unit)} 之间线性内插"
        how_en += f", straight line between {low} and {high}{_unit(given.at_unit)}"
    return Text(
        f"{label.zh}（{at} 处）：{value}，{size}；设备 {given.device} 的证书 {given.certificate}{how}。",
        f"{label.en} at {at}: {value}, {size_en}; certificate {given.certificate} of device {given.device}{how_en}.",
    )


def _unit(unit: str) -> str:
    return f" {unit}" if unit and unit != "1" else ""
