"""From frozen certificate facts to a digital calibration certificate (PTB DCC 3.3.0), unsigned."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lxml import etree

from certificates.documents import wording as w
from certificates.documents.facts import Facts, both
from certificates.documents.fonts import one_line
from certificates.documents.wording import WORDING, Wording
from certificates.validity import last_valid_day
from lims.core.text import Text

from .nodes import DCC, NAMES, Node, add, identification, token, words
from .results import add_results

VERSION = "3.3.0"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SOFTWARE = Text("检定机构实验室信息管理系统", "Verification laboratory LIMS")
_LONGEST_PERIOD = 240  # months
_CHANGES = {"replaces": "substituted", "supplements": "amended"}
_VERDICTS = {"pass": "pass", "fail": "fail"}


def build(facts: Facts) -> bytes:
    """The DCC of one certificate as UTF-8 XML; the same facts give the same bytes.

    Raises DccError where the facts hold what a DCC cannot say honestly, such as a unit without a D-SI spelling.
    """
    words_of = WORDING[facts["kind"]]
    root = etree.Element(f"{{{DCC}}}digitalCalibrationCertificate", nsmap={**NAMES, "xsi": _XSI})
    root.set("schemaVersion", VERSION)
    root.set(f"{{{_XSI}}}schemaLocation", f"{DCC} https://ptb.de/dcc/v{VERSION}/dcc.xsd")
    administrative = add(root, "administrativeData")
    _software(administrative)
    _core(administrative, facts)
    _item(administrative, facts)
    _laboratory(administrative, facts)
    _persons(administrative, facts, words_of)
    _contact(administrative, "customer", facts["client"]["name"], facts["client"]["address"])
    _statements(administrative, facts, words_of)
    add_results(root, facts, words_of)
    etree.indent(root)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


@cache
def _release() -> str:
    try:
        return version("lims")
    except PackageNotFoundError:
        return "0.1.0"


def _software(parent: Node) -> None:
    software = add(add(parent, "dccSoftware"), "software")
    words(software, "name", _SOFTWARE)
    add(software, "release", _release())
    add(software, "type", "application")


def _day(text: str) -> str:
    """An ISO date, or nothing."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _core(parent: Node, facts: Facts) -> None:
    core, dates = add(parent, "coreData"), facts["dates"]
    add(core, "countryCodeISO3166_1", "CN")
    add(core, "usedLangCodeISO639_1", "zh")
    add(core, "usedLangCodeISO639_1", "en")
    add(core, "mandatoryLangCodeISO639_1", "zh")
    token(core, "uniqueIdentifier", facts["number"])
    names = add(core, "identifications")
    identification(names, "calibrationLaboratory", facts["record_number"], w.RECORD)
    identification(names, "calibrationLaboratory", facts["check_value"], w.CHECK_VALUE)
    if not len(names):
        core.remove(names)
    if _day(dates["received"]):
        add(core, "receiptDate", _day(dates["received"]))
    add(core, "beginPerformanceDate", _day(dates["verified"]))
    add(core, "endPerformanceDate", _day(dates["verified"]))
    at_home = facts["place"] == both(facts["institute"]["address"]).zh
    add(core, "performanceLocation", "laboratory" if at_home else "other")
    add(core, "issueDate", _day(dates["issued"]))
    for name, change in _CHANGES.items():
        if facts.get(name):
            changed = add(core, "reportAmendedSubstituted")
            add(changed, "typeOfChange", change)
            token(changed, "replacedUniqueIdentifier", facts[name])
            break


def _item(parent: Node, facts: Facts) -> None:
    instrument = facts["instrument"]
    item = add(add(parent, "items"), "item")
    words(item, "name", instrument["name"])
    told = [
        Text(f"{label.zh}：{instrument[key]}", f"{label.en}: {instrument[key]}")
        for label, key in ((w.CLASS, "accuracy_class"), (w.RANGE, "range"), (w.PART, "part"))
        if instrument[key]
    ]
    if told:
        words(item, "description", Text("；".join(one.zh for one in told), "; ".join(one.en for one in told)))
    if instrument["manufacturer"]:
        words(add(item, "manufacturer"), "name", instrument["manufacturer"])
    token(item, "model", instrument["model"])
    names = add(item, "identifications")
    identification(names, "manufacturer", instrument["serial"], w.SERIAL)
    if not len(names):
        identification(names, "calibrationLaboratory", facts["record_number"], w.RECORD)


def _contact(parent: Node, name: str, title: Any, address: Any, **more: str) -> None:
    contact = add(parent, name)
    words(contact, "name", title)
    token(contact, "eMail", more.get("email", ""))
    token(contact, "phone", more.get("phone", ""))
    location = add(contact, "location")
    if both(address).zh:
        words(location, "further", address)
    else:
        words(location, "further", Text("未提供地址", "No address given"))
    token(location, "postCode", more.get("postcode", ""))


def _laboratory(parent: Node, facts: Facts) -> None:
    institute, laboratory = facts["institute"], add(parent, "calibrationLaboratory")
    token(laboratory, "calibrationLaboratoryCode", institute["authorisation_number"])
    more = {key: institute[key] for key in ("email", "phone", "postcode")}
    _contact(laboratory, "contact", institute["name"], institute["address"], **more)
    add(laboratory, "cryptElectronicSeal", "true")


def _persons(parent: Node, facts: Facts, words_of: Wording) -> None:
    people, persons = facts["people"], add(parent, "respPersons")
    for key, label in (("approver", w.APPROVER), ("checker", w.CHECKER), ("technician", words_of.technician)):
        responsible = add(persons, "respPerson")
        words(add(responsible, "person"), "name", people[key]["name"])
        add(responsible, "role", f"{label.zh} {label.en}")
        if key == "approver":
            add(responsible, "mainSigner", "true")


def _statements(parent: Node, facts: Facts, words_of: Wording) -> None:
    statements, conclusion = add(parent, "statements"), facts["conclusion"]
    if both(conclusion["text"]).zh:
        _conformity(statements, facts, words_of)
    if _day(facts["dates"]["valid_until"]):
        _validity(statements, facts)
    plain = [
        *((w.EXCEPTIONS, _exception(one)) for one in facts["exceptions"]),
        *((w.UNCONFIRMED, _unconfirmed(one)) for one in facts["unconfirmed"]),
        *((w.NOTES, both(one)) for one in facts["notes"]),
        *((w.STATEMENTS, one) for one in (words_of.statement, *words_of.more)),
        (w.STATEMENTS, w.STATEMENT_COPY),
    ]
    if facts["demonstration"]:
        plain.insert(0, (w.DEMONSTRATION, w.STATEMENT_DEMO))
    for name, declaration in plain:
        statement = add(statements, "statement")
        words(statement, "name", name)
        words(statement, "declaration", declaration)


def _conformity(statements: Node, facts: Facts, words_of: Wording) -> None:
    conclusion, failed = facts["conclusion"], [both(one) for one in facts["conclusion"]["failed_items"]]
    verdict = _VERDICTS.get(conclusion["outcome"])
    statement = add(statements, "statement", **({"refType": "basic_conformity"} if verdict else {}))
    words(statement, "name", words_of.conclusion)
    if failed:
        listed = Text("、".join(one.zh for one in failed), "; ".join(one.en or one.zh for one in failed))
        words(statement, "description", Text(f"{w.FAILED.zh}：{listed.zh}", f"{w.FAILED.en}: {listed.en}"))
    token(statement, "norm", facts["procedure"]["label"])
    words(statement, "declaration", conclusion["text"])
    add(statement, "date", _day(facts["dates"]["verified"]))
    if verdict:
        add(statement, "conformity", verdict)


def _validity(statements: Node, facts: Facts) -> None:
    verified, until = (date.fromisoformat(facts["dates"][key]) for key in ("verified", "valid_until"))
    statement = add(statements, "statement", id="valid_until")
    words(statement, "name", w.VALID_UNTIL)
    words(statement, "declaration", until.isoformat())
    add(statement, "valid", "true")
    add(statement, "date", verified.isoformat())
    add(statement, "period", _period(verified, until))


def _period(verified: date, until: date) -> str:
    """Months where the last valid day follows from a whole number of them, as periods of regulations do; otherwise days."""
    guess = (until.year - verified.year) * 12 + until.month - verified.month
    for months in (guess, guess + 1):
        if 0 < months <= _LONGEST_PERIOD and last_valid_day(verified, months) == until:
            return f"P{months}M"
    return f"P{(until - verified).days + 1}D"


def _exception(one: dict[str, Any]) -> Text:
    text = both(one["text"])
    zh = f"{text.zh}（{one_line(one['reason'])}；{one_line(one['approved_by'])}）"
    return Text(zh, f"{text.en} ({one_line(one['reason'])}; {one_line(one['approved_by'])})" if text.en else "")


def _unconfirmed(one: dict[str, Any]) -> Text:
    what = both(one["what"])
    return Text(f"{what.zh}：{one['value']}（{one['source']}）", f"{what.en}: {one['value']} ({one['source']})")
