"""What may be done with a rig, and why not."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from devices import selectors
from devices.models import Bench, CaptureSession, Frame, Port, Reading, RigProfile
from lims.core import clock
from lims.core.text import Reason, reason
from lims.people.models import Role
from lims.people.rules import has_role, reason_given
from standards.models import Parameter
from standards.rules import may_enter_test

# An agent asks every second; silence for this long means that nobody is at the other end.
SILENT = timedelta(seconds=15)
# A bench clock further off than this makes the times of readings misleading.
CLOCK_OFF_MS = 2000
OPEN = (CaptureSession.State.REQUESTED, CaptureSession.State.CAPTURING)


def _first(*found: Reason | None) -> list[Reason]:
    return [one for one in found if one]


# Who


def may_record(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICIAN, Role.TECHNICAL_LEAD)


def may_install(by: object) -> Reason | None:
    """Benches and what hangs on their ports."""
    return has_role(by, Role.TECHNICAL_LEAD, Role.ADMINISTRATOR)


def may_draft(by: object) -> Reason | None:
    """A draft harms nobody: nothing can be recorded with it before the technical lead approves it."""
    return has_role(by, Role.TECHNICIAN, Role.TECHNICAL_LEAD, Role.ADMINISTRATOR)


def may_approve(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICAL_LEAD)


# Benches and ports


def bench_answers(bench: Bench) -> Reason | None:
    """Refuses a bench whose agent has not been heard of lately."""
    if not bench.active:
        return reason(
            "bench_disabled",
            f"工位“{bench}”已停用",
            f"Bench “{bench}” is disabled",
            "请技术负责人或系统管理员启用该工位",
            "Have the technical lead or the administrator enable it",
        )
    if bench.seen_at and clock.now() - bench.seen_at < SILENT:
        return None
    return reason(
        "bench_silent",
        f"工位“{bench}”的采集程序没有响应",
        f"The agent of bench “{bench}” does not answer",
        "请确认工位电脑已开机并运行采集程序；也可以手工录入（会标明为手工录入）",
        "Make sure the bench computer is on and its agent runs; or type the readings (they are marked as typed)",
    )


def clock_is_right(bench: Bench) -> Reason | None:
    """Warns of a bench whose clock cannot be believed. It refuses nothing: monotonic time is recorded as well."""
    if bench.clock_offset_ms is not None and abs(bench.clock_offset_ms) > CLOCK_OFF_MS:
        off = f"{abs(bench.clock_offset_ms) / 1000:.1f}"
        late = bench.clock_offset_ms > 0
        return reason(
            "clock_off",
            f"工位时钟比服务器{'慢' if late else '快'} {off} 秒",
            f"The bench's clock is {off} s {'behind' if late else 'ahead of'} the server's",
            "请在工位电脑上启用网络校时（NTP）",
            "Switch on network time (NTP) on the bench computer",
        )
    if bench.ntp != "unsynchronised":
        return None
    return reason(
        "clock_unsynchronised",
        "工位时钟没有与网络时间同步",
        "The bench's clock is not synchronised with network time",
        "请在工位电脑上启用网络校时（NTP）",
        "Switch on network time (NTP) on the bench computer",
    )


def port_is_free(port: Port) -> Reason | None:
    """Refuses a port that already records for somebody."""
    open_session = CaptureSession.objects.filter(port=port, state__in=OPEN).select_related("operator").first()
    if open_session is None:
        return None
    return reason(
        "port_busy",
        f"端口“{port}”正由 {open_session.operator} 使用",
        f"Port “{port}” is in use by {open_session.operator}",
        "请等待对方结束采集，或换用其他装置",
        "Wait until the other session is closed, or use another rig",
    )


def port_taken_meanwhile(port: Port) -> Reason:
    return reason(
        "port_busy",
        f"端口“{port}”刚被他人使用",
        f"Somebody else has just used port “{port}”",
        "请再试一次",
        "Try once more",
    )


def port_is_there(port: Port) -> Reason | None:
    """Refuses a port that the agent reports as gone."""
    if port.state != "absent":
        return None
    return reason(
        "port_absent",
        f"工位报告端口“{port.name}”不存在",
        f"The bench reports that port “{port.name}” is not there",
        "请检查接线和 USB 转换器，几秒后再试",
        "Check the cable and the USB adapter, then try again in a few seconds",
    )


def port_is_bound(port: Port) -> Reason | None:
    """Refuses a port of which nobody has said what hangs on it."""
    if port.profile is not None and port.equipment is not None:
        return None
    return reason(
        "port_bare",
        f"端口“{port}”还没有绑定装置配置和设备",
        f"Port “{port}” is not bound to a rig profile and a device yet",
        "请技术负责人在工位页面绑定",
        "Have the technical lead bind it on the bench page",
    )


def profile_is_approved(port: Port) -> Reason | None:
    """Refuses a port whose rig profile nobody has approved, or whose approval was withdrawn."""
    return profile_in_force(port.profile) if port.profile else None


def profile_in_force(profile: RigProfile) -> Reason | None:
    if profile.usable:
        return None
    if profile.withdrawn_at:
        return reason(
            "profile_withdrawn",
            f"装置配置 {profile} 已被撤回：{profile.withdrawn_why}",
            f"Rig profile {profile} was withdrawn: {profile.withdrawn_why}",
            "请技术负责人绑定另一版本",
            "Have the technical lead bind another version",
        )
    return reason(
        "profile_not_approved",
        f"装置配置 {profile.identifier} 尚未批准",
        f"Rig profile {profile.identifier} is not approved",
        "请技术负责人批准该配置",
        "Have the technical lead approve the profile",
    )


# Deeds


def may_open(port: Port, by: object) -> list[Reason]:
    """Why this person cannot begin recording on this port; empty when he can."""
    return _first(
        may_record(by), port_is_bound(port), profile_is_approved(port), bench_answers(port.bench), port_is_free(port)
    )


def may_try(port: Port, by: object) -> list[Reason]:
    """Why this person cannot send bytes on this port; a port that records is left alone."""
    return _first(may_draft(by), bench_answers(port.bench), port_is_free(port), port_is_there(port))


def may_drive(session: CaptureSession, by: object) -> list[Reason]:
    """A rig is driven by the person who records with it, while it records: what it did is then in the evidence."""
    not_capturing = None
    if session.state != CaptureSession.State.CAPTURING:
        not_capturing = reason(
            "not_capturing",
            "没有在采集，不能操作装置",
            "Nothing is being captured; the rig cannot be driven",
            "请先开始采集：操作前后的每个字节都要留下证据",
            "Begin a capture first: every byte around the deed is evidence",
        )
    other = None
    if session.operator_id != getattr(by, "pk", None):
        other = reason(
            "not_the_operator",
            f"只有开始本次采集的 {session.operator} 可以操作装置",
            f"Only {session.operator}, who began this capture, may drive the rig",
            "请由其操作，或自己开始一次采集",
            "Have them do it, or begin a capture of your own",
        )
    return _first(may_record(by), other, not_capturing, bench_answers(session.port.bench))


def command_unknown(command: str) -> Reason:
    return reason(
        "command_unknown",
        f"装置配置中没有指令“{command[:60]}”",
        f"The rig profile has no command “{command[:60]}”",
        "请刷新页面",
        "Reload the page",
        where="command",
    )


def may_withdraw(profile: RigProfile, by: object, why: str | None = None) -> list[Reason]:
    draft = None
    if profile.state != "approved":
        draft = reason(
            "profile_not_approved",
            "只有已批准的版本可以撤回",
            "Only an approved version can be withdrawn",
            "草稿无需撤回：未批准就不能用于采集",
            "A draft need not be withdrawn: nothing is captured with it",
        )
    return _first(may_approve(by), draft, None if why is None else reason_given(why))


def may_rename(name: str) -> Reason | None:
    if name.strip():
        return None
    return reason("name_missing", "请填写名称", "Enter a name", where="name")


# Readings


def follows_from_its_bytes(reading: Reading) -> Reason | None:
    """Refuses a value that its stored frames do not say: the word of a bench is not enough to measure with."""
    evidence = reading.rx_seq or reading.tx_seq
    if evidence and not Frame.objects.filter(session_id=reading.session_id, seq=evidence).exists():
        return None  # ingest takes no such reading: this one was never a bench's
    if evidence and selectors.again_reading(reading).agrees:
        return None
    return reason(
        "reading_not_in_bytes",
        f"读数 {reading.value} 不能由它的原始帧重新译出",
        f"The reading {reading.value} does not follow from its raw frames",
        "请打开该采集会话的“重放”查看，不要使用此读数；若采集程序与服务器版本不同，请先更新",
        "Look at the replay of its capture and do not use it; if agent and server differ in version, update first",
    )


# Readings for a standard's capability test


def may_test_with(
    session: CaptureSession, by: object, parameter: Parameter, readings: Sequence[Reading], count: int
) -> list[Reason]:
    """Whether these readings of a session may be those of a test of the parameter. The bytes are looked at last: it takes longest."""
    found = _first(
        may_enter_test(by), session_is_over(session), enough_readings(readings, count),
        *((same_unit(readings, parameter), read_on_one_day(readings)) if readings else ()),
    )  # fmt: skip
    return found or _first(next((why for one in readings if (why := follows_from_its_bytes(one))), None))


def session_is_over(session: CaptureSession) -> Reason | None:
    if session.state not in OPEN:
        return None
    return reason(
        "session_still_open",
        "采集会话还没有结束",
        "The capture session has not ended",
        "请先结束采集，再从中取数",
        "End the capture first",
    )


def enough_readings(readings: Sequence[Reading], count: int) -> Reason | None:
    if readings and len(readings) == count:
        return None
    return reason(
        "too_few_readings",
        f"从所选位置起只有 {len(readings)} 个有效读数，不足 {count} 个",
        f"From there on the channel has {len(readings)} valid readings, not {count}",
        "请减少个数，或改选起点",
        "Take fewer, or begin elsewhere",
        where="count",
    )


def same_unit(readings: Sequence[Reading], parameter: Parameter) -> Reason | None:
    units = sorted({one.unit for one in readings} - {parameter.unit})
    if not units:
        return None
    return reason(
        "unit_of_reading_differs",
        f"读数的单位是 {'、'.join(units)}，参数的单位是 {parameter.unit}，不作换算",
        f"The readings are in {', '.join(units)}, the parameter in {parameter.unit}; nothing is converted",
        "请选择单位相同的通道，或登记该单位的参数",
        "Choose a channel with that unit, or add a parameter in the unit of the readings",
        where="channel",
    )


def read_on_one_day(readings: Sequence[Reading]) -> Reason | None:
    days = sorted({timezone.localdate(one.at) for one in readings})
    if len(days) == 1:
        return None
    return reason(
        "readings_of_several_days",
        f"所选读数跨越 {days[0]} 至 {days[-1]}，一次试验只取同一天的读数",
        f"These readings are of {days[0]} to {days[-1]}; a test is of one day",
        "请只取其中一天的读数",
        "Take those of one day only",
        where="count",
    )
