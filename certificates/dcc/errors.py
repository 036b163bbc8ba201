"""Why facts cannot be told to a machine."""

from lims.core.text import Reason, Text


class DccError(ValueError):
    """The facts hold something a DCC has no honest place for: the path in the facts, one sentence, what to do."""

    def __init__(self, path: str, text: Text, action: Text) -> None:
        self.path, self.text, self.action = path, text, action
        super().__init__(f"{path}: {text.en}")

    @property
    def reason(self) -> Reason:
        return Reason("dcc", self.text, self.action, self.path)
