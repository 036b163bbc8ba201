"""Who may keep the ledger, and what fits into it."""

from instruments.models import Instrument, Site
from lims.core.text import Reason, reason
from lims.people.models import Organisation, Role
from lims.people.rules import has_role


def may_keep_ledger(by: object) -> Reason | None:
    """The system (None, a command of the administrator on the machine), reception and technicians."""
    return None if by is None else has_role(by, Role.RECEPTIONIST, Role.TECHNICIAN)


def site_is_of_organisation(site: Site | None, organisation: Organisation) -> Reason | None:
    if site is None or site.organisation_id == organisation.pk:
        return None
    return reason(
        "site_of_another",
        f"场所“{site}”不属于“{organisation}”",
        f"The site “{site}” does not belong to “{organisation}”",
        "请选择该单位的场所，或先登记场所",
        "Choose a site of that customer, or enter the site first",
        where="site",
    )


def not_scrapped(instrument: Instrument) -> Reason | None:
    if instrument.state != Instrument.State.SCRAPPED:
        return None
    return reason(
        "instrument_scrapped",
        f"器具 {instrument} 已报废",
        f"Instrument {instrument} is scrapped",
        "如系误登记，请先恢复其状态",
        "If that was a mistake, restore its state first",
    )


def strings_only(parameters: object) -> Reason | None:
    """Parameters are names and texts; numbers stay digits as written."""
    if isinstance(parameters, dict) and all(
        isinstance(name, str) and name.isidentifier() and name.isascii() and isinstance(value, str)
        for name, value in parameters.items()
    ):
        return None
    return reason(
        "parameters_malformed",
        "参数应为“名=值”，名称只用字母、数字和下划线",
        "Parameters are name=value; names take letters, digits and underscores only",
        where="parameters",
    )
