"""How reminders are told."""

from lims.audit.registry import register

register("reminder.run", zh="编写了当晚的到期提醒", en="wrote the evening's reminders")
register("reminder.mailed", zh="发出了到期提醒邮件", en="mailed a reminder")
register("reminder.refused", zh="到期提醒邮件被拒收", en="a reminder was refused by the mail server")
