"""Who may walk through everything, and why not."""

from lims.core.text import Reason, reason
from lims.people.models import Role
from lims.people.selectors import is_staff, roles_of


def may_audit(viewer: object) -> Reason | None:
    """Staff and auditors look inside; nobody else does."""
    if is_staff(viewer) or Role.AUDITOR in roles_of(viewer):
        return None
    return reason(
        "not_an_auditor",
        "只有审核员和本机构人员可以查看",
        "only auditors and the institute's own people may look at this",
    )
