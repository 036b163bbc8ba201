"""What customers own and what we do to it; one line per topic."""

from instruments.models.ledger import Instrument, Part, Seal, Site, SubUnit  # noqa: F401
from instruments.models.record import Entry, Record, RecordDevice, RecordSession  # noqa: F401
from instruments.models.work import Application, PreflightException, Task  # noqa: F401
