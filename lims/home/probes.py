"""What the doctor asks about reminders: whether they were written, and whether they reach anybody."""

from datetime import timedelta

from lims.core import clock
from lims.core.health import probe
from lims.core.text import Reason, Text, reason
from lims.home.models import ReminderMail
from lims.home.selectors import newest_run
from lims.people.models import User

TOO_OLD = timedelta(days=2)
LOOKED_BACK = timedelta(days=7)


@probe("reminders")
def reminders_are_written() -> Reason | Text:
    last, now = newest_run(), clock.now()
    oldest = User.objects.order_by("date_joined").values_list("date_joined", flat=True).first()
    since = last.ran_at if last else oldest
    if since and now - since > TOO_OLD:
        told = f"{last.ran_at:%Y-%m-%d %H:%M} UTC" if last else ""
        return reason(
            "reminders_not_written",
            f"最近一次到期提醒是 {told}" if told else "从未发出到期提醒",
            f"the last reminders were written on {told}" if told else "reminders were never written",
            "请确认 manage.py serve 正在运行，并查看后台工作 home.reminders 的错误",
            "see that manage.py serve is running, and look at the error of the job home.reminders",
        )
    unreached = (
        ReminderMail.objects.filter(made_at__gte=now - LOOKED_BACK)
        .exclude(state__in=(ReminderMail.State.SENT, ReminderMail.State.WAITING))
        .select_related("recipient")
        .order_by("-pk")
        .first()
    )
    if unreached is not None:
        return reason(
            "reminder_unreached",
            f"给{unreached.recipient}的到期提醒没有送达：{unreached.get_state_display()}",
            f"the reminder for {unreached.recipient.shown_name.en} did not arrive: {unreached.state}",
            "请在其账户中登记能收到邮件的地址",
            "enter an address in the account at which mail arrives",
        )
    if last is None:
        return Text("还没有到第一次提醒的时间", "the first evening has not come yet")
    return Text(f"最近一次：{last.day:%Y-%m-%d}", f"last on {last.day:%Y-%m-%d}")
