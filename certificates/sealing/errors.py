"""Why something was not sealed."""

from __future__ import annotations

from lims.core.text import Text


class SealingError(Exception):
    """The file was not sealed, and nothing was written; `text` is one sentence for a person."""

    def __init__(self, zh: str, en: str) -> None:
        self.text = Text(zh, en)
        super().__init__(en)


class KeysError(SealingError):
    """The keys of the seal cannot be used as they are configured."""


class TimestampError(SealingError):
    """The time stamp authority did not give a usable time stamp. Trying again later may help."""


class SealTooLarge(SealingError):
    """The signature does not fit into the space reserved for it in the file."""


class EvidenceMissing(SealingError):
    """Long-term evidence cannot be completed yet: revocation data newer than the seal are not there. Trying again later helps."""


class SealRevoked(SealingError):
    """A certificate behind the seal was revoked. Trying again does not help: a person has to judge what that means."""
