"""The devices that measured: their certificates as the record froze them, valid on the day, and the chain above them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from lims.audit.verify.archive import Archive
from lims.audit.verify.events import Events
from lims.audit.verify.report import Report
from lims.core import canonical
from lims.core.text import Text

DEVICES = "lims-devices/1"
CERTIFICATE = "standards.devicecertificate"
FIELDS = ("number", "kind", "issuer", "issuer_authorisation", "calibrated_on", "traceable_to")


def check(report: Report, archive: Archive, record: Mapping[str, Any], events: Events) -> None:
    """Every device of the record, then its measurement standards, then what stands above."""
    told = archive.json("devices.json")
    day = date.fromisoformat(record["dates"]["verified"])
    by_digest = {canonical.sha256(one["certificate"]): one for one in told["devices"] if one["certificate"]}
    for device in {one["asset_number"]: one for one in record["devices"]}.values():
        _device(report, device, by_digest.get(device["certificate_sha256"]), day, events)
    for standard in record["standards"]:
        _standard(report, standard, day)
    _originals(report, archive, told)
    _above(report, record, told)


def _device(
    report: Report, device: Mapping[str, Any], held: Mapping[str, Any] | None, day: date, events: Events
) -> None:
    name = f"{device['name']['zh']} {device['serial']}"
    name_en = f"{device['name']['en']} {device['serial']}"
    if held is None:
        report.wrong(
            f"{name}：包中没有记录所指的设备证书（内容摘要不符）：证书资料被改动",
            f"{name_en}: the bundle lacks the certificate that the record pins (digest differs): its data were altered",
        )
        return
    stated = held["certificate"]
    differing = [
        field
        for field in FIELDS
        if device[{"number": "certificate_number", "kind": "certificate_kind"}.get(field, field)] != stated[field]
    ]
    if differing or device["values"] != stated["values"] or stated["device"] != device["asset_number"]:
        report.wrong(
            f"{name}：记录中的设备证书内容与证书资料不一致",
            f"{name_en}: the record does not agree with the certificate's data",
        )
        return
    ends = [date.fromisoformat(stated[key]) for key in ("valid_until", "use_until") if stated[key]]
    if stated["outcome"] == "fail" or date.fromisoformat(stated["calibrated_on"]) > day or (ends and day > min(ends)):
        report.wrong(
            f"{name}：证书 {stated['number']} 在检定当日（{day}）无效",
            f"{name_en}: certificate {stated['number']} was not valid on {day}",
        )
        return
    if not ends:
        report.unknown(
            f"{name}：证书 {stated['number']} 没有有效期，无法判断 {day} 是否有效",
            f"{name_en}: certificate {stated['number']} states no end, it cannot be told whether it was valid on {day}",
        )
        return
    confirmed = next(
        (
            one
            for one in events.of(CERTIFICATE)
            if one.verb == "device_certificate.confirmed"
            and one.payload.get("content_sha256") == device["certificate_sha256"]
        ),
        None,
    )
    zh, en = (
        (f"，经第二人核对（日志第 {confirmed.index} 条）", f", confirmed by a second person (entry {confirmed.index})")
        if confirmed
        else ("", "")
    )
    later_zh, later_en = ("；后来已撤回", "; withdrawn later") if held.get("state") == "withdrawn" else ("", "")
    report.good(
        f"{name}：证书 {stated['number']}（{stated['issuer']}）内容与记录所冻结的一致，{day} 有效至 {min(ends)}{zh}{later_zh}",
        f"{name_en}: certificate {stated['number']} ({stated['issuer']}) is as the record froze it, valid on {day} until {min(ends)}{en}{later_en}",
    )


def _standard(report: Report, standard: Mapping[str, Any], day: date) -> None:
    name, name_en = standard["name"]["zh"], standard["name"]["en"]
    for number, until, zh, en in (
        (
            standard["certificate_number"],
            standard["valid_until"],
            "社会公用计量标准证书",
            "public-standard certificate",
        ),
        (
            standard["examination_number"],
            standard["examination_valid_until"],
            "计量标准考核证书",
            "establishment certificate",
        ),
    ):
        if not number or not until:
            report.unknown(f"计量标准 {name} 没有{zh}", f"the standard {name_en} has no {en}")
            continue
        report.compare(
            day <= date.fromisoformat(until),
            Text(
                f"计量标准 {name}：{zh} {number} 在 {day} 有效（至 {until}）",
                f"standard {name_en}: {en} {number} was valid on {day} (until {until})",
            ),
            Text(
                f"计量标准 {name}：{zh} {number} 在 {day} 已过期（{until}）",
                f"standard {name_en}: {en} {number} had ended on {day} ({until})",
            ),
        )


def _originals(report: Report, archive: Archive, told: Mapping[str, Any]) -> None:
    """Scans of device certificates carry their digest as their name."""
    files = {one["certificate"]["file"] for one in told["devices"] if one["certificate"] and one["certificate"]["file"]}
    wrong = [
        name
        for name in sorted(files)
        if f"device-certificates/{name}" not in archive or archive.sha256(f"device-certificates/{name}")[0] != name
    ]
    report.several(
        [
            Text(
                f"设备证书原件 {name[:12]}… 缺失或被改动",
                f"the original {name[:12]}… of a device certificate is missing or altered",
            )
            for name in wrong
        ]
    )
    if files and not wrong:
        report.good(
            f"{len(files)} 份设备证书原件与登记的摘要一致",
            f"{len(files)} originals of device certificates have their digests",
        )


def _above(report: Report, record: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """Where each chain leaves the institute: what is above is another laboratory's."""
    issuers: dict[str, str] = {}
    for one in told["devices"]:
        if one["certificate"] and not one["standard"]:
            stated = one["certificate"]
            issuers[stated["issuer"]] = stated["traceable_to"]
    if issuers:
        listed = "；".join(f"{issuer}{f'（溯源至 {to}）' if to else ''}" for issuer, to in sorted(issuers.items()))
        listed_en = "; ".join(
            f"{issuer}{f' (traceable to {to})' if to else ''}" for issuer, to in sorted(issuers.items())
        )
        report.note(
            f"溯源链在此离开本机构：{listed}。再向上须向这些机构核实",
            f"here the chain leaves the institute: {listed_en}. What is above must be asked of them",
        )
