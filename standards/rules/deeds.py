"""Who may change what is kept about standards, devices and procedures. Each rule returns its reason, or None."""

import re

from lims.core.text import Reason, reason
from lims.people.models import Role
from lims.people.rules import has_role
from standards.models import DeviceCertificate, DeviceState, ProcedureVersion
from standards.procedures import Pack
from standards.procedures.schema import UNKNOWN
from standards.selectors.procedures import faults_of


def may_keep_devices(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)


def may_keep_standards(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICAL_LEAD)


def may_set_device_state(by: object, state: str) -> Reason | None:
    """Anybody at the bench may stop a doubtful device; returning it to use is a decision."""
    if state == DeviceState.State.SUSPENDED:
        return has_role(by, Role.TECHNICIAN, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)
    return may_keep_devices(by)


def may_enter_certificate(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICIAN, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)


# Digits, letters, Chinese characters and the signs of asset numbers. A slash would make an address that leads nowhere.
_NUMBER = re.compile(r"[\w()（）\[\]〔〕#+-][\w()（）\[\]〔〕#+. -]*")


def fits_an_address(number: str, where: str) -> Reason | None:
    """A number by which a page is found must be writable in an address, and not be the name of another page."""
    if _NUMBER.fullmatch(number) and number == number.strip() and number != "new":
        return None
    return reason(
        "number_unfit",
        f"编号“{number}”含有不能使用的字符",
        f"The number {number!r} contains characters that cannot be used",
        "请只用字母、数字、汉字、连字符、点、空格和括号",
        "Use letters, digits, Chinese characters, hyphens, dots, blanks and brackets",
        where=where,
    )


def number_is_new(issuer: str, number: str, corrects: DeviceCertificate | None) -> Reason | None:
    """One paper is entered once; entered wrongly it is corrected, not entered again."""
    known = DeviceCertificate.objects.filter(issuer=issuer, number=number).exclude(
        state=DeviceCertificate.State.WITHDRAWN
    )
    if corrects is not None:
        known = known.exclude(pk=corrects.pk)
    if (found := known.select_related("device").first()) is None:
        return None
    return reason(
        "certificate_known",
        f"{issuer} 的证书 {number} 已在设备 {found.device} 下录入（{found.get_state_display()}）",
        f"Certificate {number} of {issuer} is entered already, for device {found.device}",
        "录入有误时请在该证书上办理更正",
        "If it was entered wrongly, correct that certificate",
        where="number",
    )


def may_correct_certificate(
    certificate: DeviceCertificate, by: object, *, waiting: bool | None = None
) -> Reason | None:
    """A correction takes the place of what it corrects when a second person has confirmed it.

    waiting: whether another correction of it waits to be confirmed; looked up when it is not at hand.
    """
    if certificate.state == DeviceCertificate.State.WITHDRAWN:
        return reason(
            "certificate_withdrawn",
            f"证书 {certificate.number} 已撤回",
            f"Certificate {certificate.number} is already withdrawn",
            "请重新录入该证书",
            "Enter the certificate anew",
        )
    if waiting is None:
        waiting = certificate.corrections.filter(state=DeviceCertificate.State.DRAFT).exists()
    if certificate.state == DeviceCertificate.State.DRAFT or waiting:
        return reason(
            "certificate_waiting",
            f"证书 {certificate.number} 还有一份待确认的录入",
            f"An entry of certificate {certificate.number} is still waiting to be confirmed",
            "请先确认或撤回待确认的那一份",
            "Confirm or withdraw that one first",
        )
    return may_enter_certificate(by)


def may_confirm_certificate(certificate: DeviceCertificate, by: object) -> Reason | None:
    """A second person compares the entry with the paper."""
    if certificate.state != DeviceCertificate.State.DRAFT:
        return reason(
            "certificate_not_draft",
            f"证书 {certificate.number} 已经{certificate.get_state_display()}",
            f"Certificate {certificate.number} is no longer waiting to be confirmed",
        )
    if certificate.entered_by_id == getattr(by, "pk", None):
        return reason(
            "confirmer_entered_it",
            "证书的录入人不能自己确认",
            "Whoever entered a certificate cannot confirm it",
            "请另一人对照原件确认",
            "Have another person compare it with the paper",
        )
    return has_role(by, Role.TECHNICIAN, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)


def may_withdraw_certificate(certificate: DeviceCertificate, by: object) -> Reason | None:
    if certificate.state == DeviceCertificate.State.WITHDRAWN:
        return reason(
            "certificate_withdrawn",
            f"证书 {certificate.number} 已撤回",
            f"Certificate {certificate.number} is already withdrawn",
        )
    return has_role(by, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)


def may_load_procedure(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICAL_LEAD)


def may_approve_procedure(version: ProcedureVersion, by: object) -> tuple[Reason, ...]:
    """Every reason why this version cannot be approved by this person, the person's own first."""
    found: list[Reason] = []
    if refusal := has_role(by, Role.TECHNICAL_LEAD):
        found.append(refusal)
    if version.state != ProcedureVersion.State.DRAFT:
        found.append(
            reason(
                "procedure_not_draft",
                f"规程版本 {version.label} 已经{version.get_state_display()}",
                f"This version of {version.label} is no longer a draft",
            )
        )
        return tuple(found)
    for error in faults_of(version):
        found.append(
            reason(
                "pack_faulty",
                f"{error.path}：{error.text.zh}",
                f"{error.path}: {error.text.en}",
                "请改正规程数据文件后重新载入",
                "Correct the pack file and load it again",
                where=error.path,
            )
        )
    return tuple(found)


def may_confirm_value(version: ProcedureVersion, pack: Pack, path: str, by: object) -> Reason | None:
    """Only the technical lead, only a value that exists, is known, and is not confirmed yet."""
    if refusal := has_role(by, Role.TECHNICAL_LEAD):
        return refusal
    claimed = next((one for one in pack.claims() if one.path == path), None)
    if claimed is None:
        return reason(
            "no_such_value",
            f"规程 {version.label} 中没有路径为“{path}”的值",
            f"{version.label} has no value at “{path}”",
            where=path,
        )
    if claimed.value == UNKNOWN:
        return reason(
            "value_unknown",
            f"“{claimed.what.zh}”尚未给出，不能确认",
            f"“{claimed.what.en}” is not given yet and cannot be confirmed",
            "请在规程数据文件中填入该值并载入为新版本",
            "Fill the value in the pack file and load it as a new version",
            where=path,
        )
    if claimed.claim.confirmed or version.confirmations.filter(path=path).exists():
        return reason(
            "value_already_confirmed",
            f"“{claimed.what.zh}”已经确认",
            f"“{claimed.what.en}” is already confirmed",
            where=path,
        )
    return None
