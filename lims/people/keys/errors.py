"""Why a key or a signature is not good."""

from __future__ import annotations

from lims.core.text import Text


class KeyFault(ValueError):
    """One fault, as a stable code and a sentence in both languages."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        self.code = code
        self.text = Text(zh, en)
        super().__init__(f"{code}: {en}")


class WrongPassphrase(KeyFault):
    """The passphrase does not open the key."""

    def __init__(self) -> None:
        super().__init__("wrong_passphrase", "口令不正确", "The passphrase is not correct")
