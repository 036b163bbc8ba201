"""Words for people, in both languages, and the exceptions that carry them. Plain Python: usable without Django."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One sentence or label in Chinese and in English."""

    zh: str
    en: str

    def get(self, language: str) -> str:
        """The wording for a language code such as `en` or `zh-hans`; Chinese for anything but English."""
        return self.en if language.startswith("en") else self.zh

    def as_json(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}

    def __str__(self) -> str:
        return self.zh


@dataclass(frozen=True)
class Reason:
    """Why something is refused, and what to do about it.

    `code` is stable and names the rule in tests and events; `where` is the field or path concerned, empty when it is the whole.
    """

    code: str
    text: Text
    action: Text | None = None
    where: str = ""

    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "text": self.text.as_json(),
            "action": self.action.as_json() if self.action else None,
            "where": self.where,
        }


def reason(code: str, zh: str, en: str, zh_action: str = "", en_action: str = "", where: str = "") -> Reason:
    return Reason(code, Text(zh, en), Text(zh_action, en_action) if zh_action else None, where)


class Refused(Exception):
    """A deed that the rules do not allow. Nothing was written; `reasons` say why, most important first."""

    def __init__(self, *reasons: Reason) -> None:
        if not reasons:
            raise ValueError("a refusal without a reason helps nobody")
        self.reasons = reasons
        super().__init__("; ".join(one.text.zh for one in reasons))


class Conflict(Refused):
    """Somebody else changed the object since the caller read it."""


class DataError(ValueError):
    """An input file that is wrong: the path inside the file, and one sentence."""

    def __init__(self, path: str, zh: str, en: str) -> None:
        self.path = path
        self.text = Text(zh, en)
        super().__init__(f"{path}: {zh}" if path else zh)

    def as_json(self) -> dict[str, object]:
        return {"path": self.path, "text": self.text.as_json()}
