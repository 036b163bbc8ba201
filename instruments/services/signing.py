"""Signing a whole pile with one passphrase: each record by itself, over the very digest that the page showed."""

from collections.abc import Sequence
from dataclasses import dataclass

from instruments.models import Task
from instruments.services import work
from lims.core.text import Reason, Refused, reason
from lims.people.models import Signature, User
from lims.people.rules.keys import passphrase_needed
from lims.people.selectors import active_key
from lims.people.services import signing
from lims.people.services.keys import Unlocked, unlock


@dataclass(frozen=True)
class Seen:
    """One record of the pile as the page showed it: its task, the task's version and the record's digest."""

    task: Task
    version: int
    record_sha256: str


@dataclass(frozen=True)
class Outcome:
    """What became of one of them: done when `reasons` is empty."""

    task: Task
    reasons: tuple[Reason, ...] = ()


def check_many(pile: Sequence[Seen], *, by: User, passphrase: str) -> list[Outcome]:
    """Checks every record of the pile, each in a transaction of its own: one that is refused does not hold up the others.

    Raises Refused, before anything is done, when the passphrase does not open the checker's key.
    """
    signer = opened(by, passphrase)
    done = []
    for seen in pile:
        try:
            after = work.check(seen.task, by=by, version=seen.version, record_sha256=seen.record_sha256, signer=signer)
        except Refused as refused:
            done.append(Outcome(seen.task, refused.reasons))
        else:
            done.append(Outcome(after))
    return done


def opened(by: User, passphrase: str) -> Unlocked | None:
    """The key for a pile; None for a person without one, whom each act then asks whether it may go unsigned."""
    if not active_key(by):
        return None
    if not passphrase:
        raise Refused(passphrase_needed())
    return unlock(by, passphrase)


def sign_approvals(tasks: Sequence[tuple[Task, str]], *, by: User, passphrase: str) -> list[Signature]:
    """The approver's signatures over many records, not yet stored: (task, digest that his page showed) each, in this order.

    For `work.approve(…, signature=…)`, which verifies each against the record as it stands then, and stores it. Raises
    Refused when the passphrase does not open the key, or when a task has no submitted record.
    """
    signer = unlock(by, passphrase)
    pairs = [(task, digest, work.frozen_record(task)) for task, digest in tasks]
    if missing := [_nothing_submitted(task) for task, _digest, record in pairs if record is None]:
        raise Refused(*missing)
    return [
        signing.sign(signer, signing.Statement("approve", record.number, digest, task.number))
        for task, digest, record in pairs
    ]


def _nothing_submitted(task: Task) -> Reason:
    return reason(
        "nothing_submitted",
        f"任务 {task} 没有已提交的记录",
        f"Task {task} has no submitted record",
        "请刷新页面后重新选择",
        "Reload the page and choose again",
        where=task.number,
    )
