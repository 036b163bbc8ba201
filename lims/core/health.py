"""Questions the doctor asks. Any app registers its own with `@probe("name")`; each answers by the rule of the house.

A probe returns a `Reason` (what is wrong and what to do), a `Text` (fine, with something worth showing) or None (fine).
One that raises is itself a finding.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lims.core.text import Reason, Text, reason

Probe = Callable[[], Reason | Text | None]
_probes: dict[str, Probe] = {}


@dataclass(frozen=True)
class Finding:
    """The answer of one probe; `wrong` is None when all is well."""

    name: str
    wrong: Reason | None
    note: Text | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "ok": self.wrong is None,
            "text": self.note.as_json() if self.note else None,
            "wrong": self.wrong.as_json() if self.wrong else None,
        }


def probe(name: str) -> Callable[[Probe], Probe]:
    """Registers a question under a short English name. Raises ValueError when two apps take the same one."""

    def register(function: Probe) -> Probe:
        if _probes.setdefault(name, function) is not function:
            raise ValueError(f"two probes are named {name!r}")
        return function

    return register


def examine() -> list[Finding]:
    """Asks every probe, in the order of registration."""
    found = []
    for name, function in _probes.items():
        try:
            answer = function()
        except Exception as error:
            answer = reason(
                "probe_failed",
                f"检查本身出错：{type(error).__name__}: {error}",
                f"the check itself failed: {type(error).__name__}: {error}",
            )
        wrong = answer if isinstance(answer, Reason) else None
        found.append(Finding(name, wrong, answer if isinstance(answer, Text) else None))
    return found
