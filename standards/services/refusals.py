"""Small steps that every service takes before it writes."""

from lims.core.text import Reason, Refused, reason


def allow(*refusals: Reason | None) -> None:
    """Raises Refused with every reason there is; passes when all are None."""
    found = [one for one in refusals if one is not None]
    if found:
        raise Refused(*found)


def reasoned(why: str) -> str:
    """The stated reason, trimmed. Raises Refused when there is none."""
    if not why.strip():
        raise Refused(reason("reason_missing", "请写明原因", "State the reason", where="why"))
    return why.strip()
