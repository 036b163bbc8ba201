"""The four answers about a certificate, as the server gives them: for a browser without JavaScript, and for what only a paper tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language

from certificates.models import Certificate
from certificates.sealing import SealReport
from lims.audit import leaves
from lims.audit.tlog.note import decode
from lims.core.text import Text
from lims.portal.selectors import status
from lims.portal.sentences import ANSWERS, PROOFS, QUESTIONS, STATES, VERDICTS


@dataclass(frozen=True)
class Answer:
    """One of the four: yes, no or unknown, in a sentence."""

    name: str
    state: str
    text: str
    code: str = ""

    @property
    def question(self) -> str:
        return str(QUESTIONS[self.name])

    @property
    def icon(self) -> str:
        return {"yes": "check", "no": "cross"}.get(self.state, "alert")

    @property
    def word(self) -> str:
        return str(STATES[self.state])


@dataclass(frozen=True)
class Answers:
    """All four, what they amount to, and what the log says of the last. tone: success, warning or danger."""

    four: tuple[Answer, ...]
    verdict: str
    tone: str
    proof: str = ""
    status: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""


def none_yet() -> tuple[Answer, ...]:
    """The four questions, for a page that will ask them of a file."""
    return tuple(Answer(name, "unknown", "") for name in QUESTIONS)


def of_paper(certificate: Certificate) -> Answers:
    """What number and check value tell: nothing of a file, everything of how the certificate stands."""
    told = status(certificate)
    unknown = [_answer(name, "unknown", "paper") for name in ("unchanged", "by", "when")]
    verdict, tone = ("good", "success") if told["good"] else (_named(told["state"]), "danger")
    return Answers((*unknown, _standing(told)), str(VERDICTS[f"paper_{verdict}"]), tone, _proof(told), told)


def of_file(report: SealReport, certificate: Certificate | None) -> Answers:
    """What the server found in a file, and how the certificate stands whose file it is."""
    unchanged = Answer("unchanged", report.unchanged.state, _said(report.unchanged.text), "")
    if report.by_whom.state == "unknown":
        by = _answer("by", "unknown", "by_nobody")
    else:
        state = "yes" if report.by_whom.state == report.trusted.state == "yes" else "no"
        by = Answer("by", state, f"{_said(report.by_whom.text)} {_said(report.trusted.text)}")
    when = Answer("when", report.when.state, _said(report.when.text))
    if certificate is None:
        told: dict[str, Any] = {}
        standing = _answer("status", "unknown", "status_unknown")
    else:
        told = status(certificate)
        standing = _standing(told)
    verdict, tone = _verdict(unchanged, by, when, standing, told.get("state", ""))
    return Answers(
        (unchanged, by, when, standing), str(VERDICTS[verdict]), tone, _proof(told) if told else "", told, report.sha256
    )


def _verdict(unchanged: Answer, by: Answer, when: Answer, standing: Answer, state: str) -> tuple[str, str]:
    """The same order as in verify.js: what speaks against a file comes first."""
    if unchanged.state == "no":
        return "changed", "danger"
    if unchanged.state == "unknown":
        return ("unsealed" if by.state == "unknown" else "open"), "warning"
    if by.state == "no":
        return "foreign", "warning"
    if standing.state == "no":
        return _named(state), "danger"
    if {by.state, when.state, standing.state} == {"yes"}:
        return "good", "success"
    return "open", "warning"


def _named(state: str) -> str:
    return state if state in VERDICTS else "standing"


def _standing(told: Mapping[str, Any]) -> Answer:
    code = f"status_{told['state']}"
    if told["state"] == "valid" and not told["valid_until"]:
        code = "status_valid_open"
    if code not in ANSWERS:
        code = "status_changed"
    values = {
        "number": told["number"],
        "until": told["valid_until"] or "—",
        "by": told["replaced_by"] or "—",
        "on": told["changed_on"] or "—",
    }
    return _answer("status", "yes" if told["good"] else "no", code, **values)


def _proof(told: Mapping[str, Any]) -> str:
    entries = told["log"]["entries"]
    if not entries:
        return str(PROOFS["proof_waiting"])
    origin, size = told["log"]["checkpoint"].split("\n")[:2]
    issued = [one["index"] for one in entries if leaves.read(decode(one["leaf"]))["event"] == "certificate.issued"]
    if not issued:
        return str(PROOFS["proof_waiting"])
    return str(PROOFS["proof_server"]).format(origin=origin, size=size, index=issued[0])


def _answer(name: str, state: str, code: str, **values: str) -> Answer:
    return Answer(name, state, str(ANSWERS[code]).format(**values), code)


def _said(text: Text) -> str:
    return text.get(get_language() or "zh-hans")
