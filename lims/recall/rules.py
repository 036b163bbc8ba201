"""Who may trace a fault and decide about certificates, and why not."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from django.utils.translation import override

from certificates import rules as certificates
from lims.core.text import Reason, reason
from lims.metrology.units import UnitError, parse_unit
from lims.people.models import Role, User
from lims.people.rules import has_role
from lims.recall.models import RecallCase, RecallItem, RecallLine
from lims.recall.selectors import reads
from standards.models import DeviceCertificate
from standards.procedures.exact import difference

MOST_AT_ONCE = 200
"""Certificates that are withdrawn or opened for correction in one go: each is a deed of its own."""
MOST_LINES = 20
DECIDABLE = (RecallCase.State.TRACED, RecallCase.State.COMPUTING, RecallCase.State.COMPUTED)


def may_read(viewer: object) -> Reason | None:
    """The institute's people and auditors. A customer hears of it by a notice about his own certificate."""
    if reads(viewer):
        return None
    return reason(
        "recall_inside_only",
        "只有本机构人员和审核员可以查看影响追溯",
        "only the institute's own people and auditors may look at recall cases",
    )


def may_open(by: User) -> Reason | None:
    return has_role(by, Role.TECHNICAL_LEAD)


def may_restate(case: RecallCase, by: User) -> Reason | None:
    return may_open(by) or _in_state(case, RecallCase.State.DRAFT)


def may_trace(case: RecallCase, by: User) -> Reason | None:
    return may_open(by) or _in_state(case, RecallCase.State.DRAFT)


def may_compute(case: RecallCase, by: User) -> Reason | None:
    return may_open(by) or _in_state(case, RecallCase.State.TRACED)


def may_supersede(case: RecallCase, by: User) -> Reason | None:
    """Whatever was listed or decided may turn out to rest on a wrong value; a draft is changed instead."""
    states = (*DECIDABLE, RecallCase.State.CLOSED)
    return may_open(by) or _in_state(case, *states)


def may_close(case: RecallCase, by: User, undecided: int) -> Reason | None:
    """A draft is dropped at any time; a computed case is closed when every certificate has its decision."""
    if why := may_open(by) or _in_state(case, RecallCase.State.DRAFT, RecallCase.State.COMPUTED):
        return why
    if case.state == RecallCase.State.DRAFT or not undecided:
        return None
    return reason(
        "recall_undecided",
        f"还有 {undecided} 份证书没有决定如何处理",
        f"{undecided} certificates have no decision yet",
        "请逐份决定，或筛选后一并决定",
        "Decide about each of them, or filter the list and decide about many at once",
    )


def may_decide(item: RecallItem, kind: str, by: User) -> Reason | None:
    """Certificates are withdrawn at any time; that one stands is said once it was computed."""
    if why := may_decide_in(item.case, by):
        return why
    if kind == RecallItem.Kind.STAND and item.state == RecallItem.State.WAITING:
        return reason(
            "recall_not_computed",
            f"证书 {item.certificate} 尚未重新计算，不能决定其仍然有效",
            f"Certificate {item.certificate} has not been computed again; it cannot be decided that it stands",
            "请等待计算完毕",
            "Wait until it has been computed",
        )
    if kind == RecallItem.Kind.WITHDRAW:
        return certificates.may_withdraw(item.certificate, by)
    if kind == RecallItem.Kind.CORRECT:
        return certificates.may_correct(item.certificate, by)
    return None if kind in RecallItem.Kind.values else no_such_decision()


def no_such_decision() -> Reason:
    return reason("recall_unknown_decision", "没有这种处理方式", "there is no such decision", where="kind")


def may_decide_in(case: RecallCase, by: User) -> Reason | None:
    return may_open(by) or _in_state(case, *DECIDABLE)


def may_decide_many(case: RecallCase, kind: str, by: User, count: int) -> Reason | None:
    """Any number may be said to stand or to be only told of; withdrawing and correcting are deeds one by one."""
    if why := may_decide_in(case, by):
        return why
    if kind in (RecallItem.Kind.WITHDRAW, RecallItem.Kind.CORRECT) and count > MOST_AT_ONCE:
        return reason(
            "recall_too_many",
            f"一次最多撤回或更正 {MOST_AT_ONCE} 份，这里有 {count} 份",
            f"At most {MOST_AT_ONCE} are withdrawn or corrected in one go, there are {count}",
            "请分几次办理",
            "Do it in several goes",
        )
    return None


def text_is_given(text: str, where: str) -> Reason | None:
    if text.strip():
        return None
    return reason("reason_required", "请填写理由", "A reason is required", where=where)


def days_make_sense(known_on: date, until: date, today: date) -> Reason | None:
    if known_on <= today and until <= today:
        return None
    return reason("recall_future", "发现日期和截止日期不能晚于今天", "the days cannot lie in the future", where="until")


def lines_make_sense(lines: Sequence[RecallLine], until: date) -> Reason | None:
    """Each device once, and for each a statement that can be computed with."""
    if not 1 <= len(lines) <= MOST_LINES:
        return reason(
            "recall_lines",
            f"请填写 1 至 {MOST_LINES} 台设备",
            f"state what is known of 1 to {MOST_LINES} devices",
            where="lines",
        )
    if len({one.device_id for one in lines}) < len(lines):
        return reason("recall_device_twice", "同一设备只能填写一次", "a device can be stated only once", where="lines")
    return next((why for at, one in enumerate(lines) if (why := _line(one, until, f"lines[{at}]"))), None)


def _line(line: RecallLine, until: date, where: str) -> Reason | None:
    if line.since > until:
        return reason(
            "recall_days",
            f"{line.device}：起始日期 {line.since} 晚于截止日期 {until}",
            f"{line.device}: the first day {line.since} is after the last day {until}",
            where=f"{where}.since",
        )
    if line.statement == RecallLine.Statement.CERTIFICATE:
        return _certificates(line, where)
    if line.statement == RecallLine.Statement.UNKNOWN:
        return None
    return _amount(line, where)


def _amount(line: RecallLine, where: str) -> Reason | None:
    try:
        amount = Decimal(line.amount)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not amount:
        return reason(
            "recall_amount",
            f"{line.device}：误差应是不为零的数",
            f"{line.device}: the error is a number other than zero",
            "误差=示值−真值；示值偏大为正",
            "error = indication minus true value: positive when it reads too much",
            where=f"{where}.amount",
        )
    share = difference(line.unit, "1") if line.unit else None
    if line.statement == RecallLine.Statement.RELATIVE and (share is None or amount * share <= -1):
        return reason(
            "recall_relative_unit",
            f"{line.device}：相对误差的单位应为 %、‰ 或 ppm，且大于 −100 %",
            f"{line.device}: a relative error is stated in %, ‰ or ppm, and above -100 %",
            where=f"{where}.unit",
        )
    if line.statement == RecallLine.Statement.ABSOLUTE and not _readable(line.unit):
        return reason(
            "recall_unit",
            f"{line.device}：读不懂单位“{line.unit}”",
            f"{line.device}: the unit “{line.unit}” cannot be read",
            where=f"{where}.unit",
        )
    return None


def _readable(unit: str) -> bool:
    try:
        parse_unit(unit)
    except UnitError:
        return False
    return True


def _certificates(line: RecallLine, where: str) -> Reason | None:
    old, new = line.old_certificate, line.new_certificate
    fits = old and new and old.pk != new.pk and {old.device_id, new.device_id} == {line.device_id}
    if fits and all(one.state != DeviceCertificate.State.DRAFT for one in (old, new)):
        return None
    return reason(
        "recall_certificates",
        f"{line.device}：请选择该设备的两份不同的、已确认的证书",
        f"{line.device}: choose two different, confirmed certificates of this device",
        where=f"{where}.new_certificate",
    )


def evidence_is_known(device: object, where: str) -> Reason:
    return reason(
        "recall_no_evidence",
        f"{device} 在发现之日以前没有合格的证书或期间核查",
        f"{device} has no good certificate or period check before the day of the finding",
        "请填写起始日期及其依据",
        "Enter the first day and what it rests on",
        where=where,
    )


def _in_state(case: RecallCase, *states: str) -> Reason | None:
    if case.state in states:
        return None
    with override("zh-hans"):
        zh = str(RecallCase.State(case.state).label)
    with override("en"):
        en = str(RecallCase.State(case.state).label)
    return reason(
        "recall_state",
        f"追溯 {case} 当前状态为“{zh}”，不能这样做",
        f"Recall case {case} is in the state “{en}”; this cannot be done now",
        "请刷新页面查看现状",
        "Reload the page to see how it stands",
    )
