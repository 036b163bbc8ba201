"""That a signature is given by the right person, anew, and for the very record that was on the page."""

import json

from instruments.models import Record
from lims.core import canonical
from lims.core.text import Reason, reason
from lims.people.models import User


def is_intact(record: Record | None) -> Reason | None:
    """The frozen facts still have the digest that was taken of them."""
    if record is None or canonical.sha256(json.loads(record.facts)) == record.sha256:
        return None
    return reason(
        "record_altered",
        f"记录 {record} 的内容与其摘要不符",
        f"The content of record {record} does not have the digest taken when it was submitted",
        "请立即通知系统管理员；在查明之前不要核验或批准",
        "Tell the administrator at once; do not check or approve before it is explained",
    )


def is_the_record_seen(record: Record | None, record_sha256: str) -> Reason | None:
    """Checking and approving count for the very record that the page showed."""
    if record is not None and record.sha256 and record.sha256 == record_sha256:
        return None
    return reason(
        "other_record",
        "您看到的记录不是现在提交的这一份",
        "The record on your page is not the one that is submitted now",
        "请刷新页面，重新查看记录后再决定",
        "Reload the page, look at the record again and then decide",
    )


def nothing_ticked() -> Reason:
    return reason(
        "nothing_ticked",
        "没有选择任何记录",
        "No record is ticked",
        "请查看记录并勾选后再签名",
        "Look at the records and tick those you sign",
    )


def proved_himself(by: User, password: str, *, reauthenticated: bool) -> Reason | None:
    """Whoever approves proves once more who he is."""
    if reauthenticated or (password and by.check_password(password)):
        return None
    return reason(
        "not_proved",
        "密码不正确" if password else "批准需要再次输入密码或使用通行密钥",
        "The password is not correct" if password else "Approving asks for the password again, or a passkey",
        "请重新输入您自己的登录密码",
        "Enter your own password again",
        where="password",
    )
