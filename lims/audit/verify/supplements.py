"""The supplements of a certificate: what the log has three people approve, what they signed, and that it completes this certificate."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509

from lims.audit.verify import digits, people
from lims.audit.verify.archive import Archive
from lims.audit.verify.events import Events
from lims.audit.verify.report import Report
from lims.core.text import Text

SCHEMA = "supplement/1"
STEPS = (
    ("submit", "certificate.supplement_drafted", Text("编制", "drafted")),
    ("check", "certificate.supplement_checked", Text("核验", "checked")),
    ("approve", "certificate.supplement_approved", Text("批准", "approved")),
)


def check(
    report: Report,
    archive: Archive,
    facts: Mapping[str, Any],
    events: Events,
    roots: Sequence[x509.Certificate] | None,
) -> None:
    """`roots`: the persons' authority that the reader trusts, None for the one in the bundle."""
    there = {
        name.split("/")[1].removesuffix(".json") for name in archive.names("supplements/") if name.endswith(".json")
    }
    approved = {str(one.payload["supplement"]) for one in events.told if one.verb == STEPS[-1][1]}
    for key in sorted(approved - there):
        report.wrong(
            f"日志记有补充 {key} 的批准，包中没有", f"the log has supplement {key} approved, the bundle lacks it"
        )
    for key in sorted(there):
        _one(report, archive, key, facts, events, roots)


def _one(
    report: Report,
    archive: Archive,
    key: str,
    facts: Mapping[str, Any],
    events: Events,
    roots: Sequence[x509.Certificate] | None,
) -> None:
    path = f"supplements/{key}"
    text = archive.text(f"{path}.json")
    told = json.loads(text)
    if told["schema"] != SCHEMA or told["id"] != key:
        report.unknown(f"{path}.json 的格式不是 {SCHEMA}", f"{path}.json is not of the format {SCHEMA}")
        return
    if (told["certificate"], told["certificate_sha256"]) != (facts["number"], digits.sha256(facts)):
        report.wrong(f"{path}.json 补充的是另一份证书", f"{path}.json completes another certificate")
        return
    digest = digits.sha256(told)
    deeds = {
        act: next((one for one in events.told if one.verb == verb and str(one.payload.get("supplement")) == key), None)
        for act, verb, _word in STEPS
    }
    if any(deed is None or deed.payload.get("sha256") != digest for deed in deeds.values()):
        report.wrong(
            f"{path}.json 不是日志中编制、核验、批准的内容：被改动",
            f"{path}.json is not what was drafted, checked and approved according to the log: it was altered",
        )
        return
    names = [deed.actor_name for deed in deeds.values() if deed]
    if len({deed.actor for deed in deeds.values() if deed}) != len(STEPS):
        report.wrong(f"{path} 不是由三个不同的人办理", f"{path} is not by three different people")
    else:
        report.good(
            f"补充 {key} 由三个不同的人编制、核验、批准：{'、'.join(names)}",
            f"supplement {key} was drafted, checked and approved by three different people: {', '.join(names)}",
        )
    roots, listed = people.trusted(archive, roots)
    what, missing = Text(f"补充 {key}", f"supplement {key}"), []
    for act, _verb, word in STEPS:
        deed = deeds[act]
        stated = str(deed.payload.get("signature", "")) if deed else ""
        said = people.Signed(act, f"supplement:{facts['number']}:{key}", digest, word, what)
        if not people.personal(report, archive, f"{path}.{act}.jws", said, deed, stated, roots, listed):
            missing.append(word)
    if missing:
        report.unknown(
            f"补充 {key} 没有个人签名（{'、'.join(one.zh for one in missing)}）：只有日志说明是谁所为",
            f"supplement {key} has no personal signature of those who {', '.join(one.en for one in missing)}: only the log tells who it was",
        )
