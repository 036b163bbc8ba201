"""Small steps that every service takes before it writes."""

from lims.core.text import Reason, Refused, reason


def refuse(*reasons: Reason | None) -> None:
    """Raises Refused with every reason there is; passes when all are None."""
    found = [one for one in reasons if one]
    if found:
        raise Refused(*found)


def already(obj: object, zh: str, en: str) -> Reason:
    return reason(
        "already", f"{obj} {zh}", f"{obj} {en}", "请刷新页面查看当前状态", "Reload the page to see the current state"
    )
