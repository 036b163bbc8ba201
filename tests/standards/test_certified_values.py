"""Values of certificates as data: single values, tables and equations, how they are entered, checked and used."""

from lims.core import canonical
from standards.selectors.snapshots import certificate_facts
from tests.standards.laboratory import enter_certificate, register_meter

# The content of a certificate as it was digested before equations, sources and the issuer's standards could be entered.
BEFORE = {
    "device": "BZ-001",
    "number": "DC-BZ-001-1",
    "kind": "verification",
    "issuer": "示范市计量测试技术研究院",
    "issuer_authorisation": "",
    "calibrated_on": "2026-03-02",
    "valid_until": "2027-03-01",
    "use_until": "",
    "outcome": "pass",
    "conclusion": "",
    "traceable_to": "国家电能基准",
    "file": "",
    "values": [
        {
            "name": "correction",
            "value": "0.010",
            "unit": "%",
            "at": "220",
            "at_unit": "V",
            "range_lower": "",
            "range_upper": "",
            "U": "0.020",
            "U_unit": "%",
            "k": "2",
        }
    ],
}
ROW = {"name": "correction", "value": "0.010", "unit": "%", "at": "220", "at_unit": "V"}
ROW |= {"expanded_uncertainty": "0.020", "uncertainty_unit": "%", "k": "2"}


def test_a_certificate_that_uses_nothing_new_has_the_digest_it_always_had(people):
    certificate = enter_certificate(people, register_meter(people), values=[ROW])
    assert certificate_facts(certificate) == BEFORE
    assert certificate.content_sha256 == canonical.sha256(BEFORE)
    assert certificate.values.get().form == "table"
