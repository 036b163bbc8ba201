"""Loading, approving and confirming procedure versions. One verb each, one transaction, one event."""

from datetime import date
from pathlib import Path

from django.db import transaction

from lims.audit.services import record
from lims.core import clock
from lims.core.text import Conflict, Reason, Refused, reason
from lims.people.models import Role, User
from lims.people.rules import has_role
from standards import rules
from standards.models import ConfirmedValue, ProcedureVersion
from standards.procedures import PackErrors, load_pack
from standards.selectors.procedures import pack_of
from standards.services.refusals import allow, reasoned

PACKS = Path(__file__).resolve().parent.parent / "packs"


@transaction.atomic
def load_procedure(*, by: User | None, text: str, name: str = "") -> ProcedureVersion:
    """Takes a pack file in as a draft; the same content again gives the version that is already there.

    by: the technical lead, or None when the system loads the files it was shipped with.
    Raises Refused with one reason per fault of the file.
    """
    if by is not None:
        allow(rules.may_load_procedure(by))
    try:
        pack = load_pack(text, name=name)
    except PackErrors as errors:
        raise Refused(*(_fault(error.path, error.text.zh, error.text.en) for error in errors.errors)) from errors
    known = ProcedureVersion.objects.filter(sha256=pack.sha256).first()
    if known is not None:
        return known
    version = ProcedureVersion.objects.create(
        code=pack.code,
        edition=pack.edition,
        title=pack.title.zh,
        title_en=pack.title.en,
        categories=list(pack.categories),
        sha256=pack.sha256,
        source=text,
        in_force_from=pack.in_force_from,
        in_force_to=pack.in_force_to,
        loaded_by=by,
    )
    record("procedure.loaded", by=by, obj=version, to_state=version.state, payload={"sha256": pack.sha256})
    return version


def _fault(path: str, zh: str, en: str) -> Reason:
    return reason(
        "pack_faulty",
        f"{path}：{zh}" if path else zh,
        f"{path}: {en}" if path else en,
        "请改正规程数据文件后重新载入",
        "Correct the pack file and load it again",
        where=path,
    )


def sync_packs(*, by: User | None = None, directory: Path = PACKS) -> list[ProcedureVersion]:
    """Takes in every pack file that the project ships, as drafts. Idempotent: known contents are left as they are."""
    return [
        load_procedure(by=by, text=path.read_text(encoding="utf-8"), name=path.name)
        for path in sorted(directory.glob("*.toml"))
    ]


@transaction.atomic
def approve_procedure(*, by: User, version: ProcedureVersion, in_force_from: date | None = None) -> ProcedureVersion:
    """The technical lead puts a version to use. Refused while its pack has a fault or a worked example fails.

    in_force_from: needed where the pack leaves its date open. An approved version of the same edition is retired: one
    edition has one approved version.
    """
    pack = pack_of(version)
    allow(*rules.may_approve_procedure(version, by))
    starts = version.in_force_from or in_force_from
    if starts is None:
        raise Refused(
            reason(
                "in_force_from_missing",
                f"规程数据没有给出 {version.label} 的实施日期",
                f"The pack does not say since when {version.label} is in force",
                "请按规程封面填写实施日期",
                "Enter the date printed on the regulation's cover",
                where="in_force_from",
            )
        )
    for older in ProcedureVersion.objects.filter(
        code=version.code, edition=version.edition, state=ProcedureVersion.State.APPROVED
    ):
        _retire(older, by=by, why=f"由新版本 {version.sha256[:12]} 取代")
    won = ProcedureVersion.objects.filter(pk=version.pk, state=ProcedureVersion.State.DRAFT).update(
        state=ProcedureVersion.State.APPROVED, approved_by=by, approved_at=clock.now(), in_force_from=starts
    )
    if not won:
        raise Conflict(_already_changed())
    version.refresh_from_db()
    record(
        "procedure.approved",
        by=by,
        obj=version,
        from_state=ProcedureVersion.State.DRAFT,
        to_state=ProcedureVersion.State.APPROVED,
        payload={
            "sha256": version.sha256,
            "in_force_from": starts.isoformat(),
            "examples": [example.id for example in pack.examples],
        },
    )
    return version


@transaction.atomic
def retire_procedure(*, by: User, version: ProcedureVersion, why: str) -> ProcedureVersion:
    """The version serves no new task; records that pin it still open with it."""
    allow(has_role(by, Role.TECHNICAL_LEAD))
    why = reasoned(why)
    return _retire(version, by=by, why=why)


def _retire(version: ProcedureVersion, *, by: User, why: str) -> ProcedureVersion:
    before = version.state
    won = (
        ProcedureVersion.objects.filter(pk=version.pk, state=before)
        .exclude(state=ProcedureVersion.State.RETIRED)
        .update(state=ProcedureVersion.State.RETIRED)
    )
    if not won:
        raise Conflict(_already_changed())
    version.refresh_from_db()
    record(
        "procedure.retired",
        by=by,
        obj=version,
        from_state=before,
        to_state=version.state,
        payload={"sha256": version.sha256, "reason": why},
    )
    return version


@transaction.atomic
def confirm_value(*, by: User, version: ProcedureVersion, path: str, source: str, why: str) -> ConfirmedValue:
    """The technical lead found one value of the version in the printed regulation (`source`: clause and page)."""
    pack = pack_of(version)
    allow(rules.may_confirm_value(version, pack, path, by))
    missing = [
        reason("field_missing", zh, en, where=where)
        for where, value, zh, en in (
            ("source", source, "请写明依据（规程原文的条款、页码）", "State the source (clause and page)"),
            ("why", why, "请写明确认的说明", "State how it was confirmed"),
        )
        if not value.strip()
    ]
    allow(*missing)
    value = next(one.value for one in pack.claims() if one.path == path)
    confirmed = ConfirmedValue.objects.create(
        version=version, path=path, value=value, source=source.strip(), reason=why.strip(), confirmed_by=by
    )
    record(
        "procedure.value_confirmed",
        by=by,
        obj=version,
        payload={"path": path, "value": value, "source": confirmed.source, "reason": confirmed.reason},
    )
    return confirmed


def _already_changed() -> Reason:
    return reason(
        "already_changed",
        "此规程版本刚刚被他人处理",
        "Somebody else has just dealt with this procedure version",
        "请刷新页面后查看",
        "Reload the page to see it",
    )
