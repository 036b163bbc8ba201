"""Writing the event log: events with their deeds, then their places in the tree, then the signed head."""

from lims.audit.services.events import TOLERANCE, record
from lims.audit.services.integrating import integrate, restart
from lims.audit.services.rotating import rotate
from lims.audit.services.signing import set_back, signer
from lims.audit.services.stamping import stamp_head
from lims.audit.services.witnessing import collect

__all__ = ["TOLERANCE", "collect", "integrate", "record", "restart", "rotate", "set_back", "signer", "stamp_head"]
