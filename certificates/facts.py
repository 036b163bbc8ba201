"""Certificate facts: what the document prints, taken from the frozen facts of its record and nothing else.

The shape is `certificate-facts/1`, checked by `certificates.documents`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from django.conf import settings

from certificates import derived
from certificates.models import Supplement
from lims.people.models import Organisation, User
from standards.procedures import Pack


@dataclass(frozen=True)
class Identity:
    """What only the issuing knows: number, check value, public address, day of issue."""

    number: str
    check_value: str
    verify_url: str
    issued_on: date


def build(
    *,
    record: Mapping[str, Any],
    record_number: str,
    pack: Pack,
    institute: Organisation,
    checker: User,
    approver: User,
    identity: Identity,
    replaces: str | None = None,
    supplements: str | None = None,
) -> dict[str, Any]:
    """The facts of one certificate. `record` are the frozen facts of the original record.

    `replaces`, `supplements`: the number of the certificate whose place this one takes, or that it completes.
    """
    stated = derived.from_record(record, pack)
    given = _institute(institute)
    return {
        **stated,
        "schema": "certificate-facts/1",
        "demonstration": settings.DEMONSTRATION,
        "number": identity.number,
        "replaces": replaces,
        "supplements": supplements,
        "check_value": identity.check_value,
        "verify_url": identity.verify_url,
        "record_number": record_number,
        "institute": given,
        "dates": {**stated["dates"], "issued": identity.issued_on.isoformat()},
        "people": {
            **stated["people"],
            "checker": {"name": str(checker), "id": str(checker.pk)},
            "approver": {
                "name": str(approver),
                "id": str(approver.pk),
                "title": {"zh": approver.title, "en": approver.title_en},
            },
        },
        "place": stated["place"] or given["address"]["zh"],
    }


def _institute(institute: Organisation) -> dict[str, Any]:
    return {
        "name": {"zh": institute.name, "en": institute.name_en or institute.name},
        "authorisation_number": institute.authorisation_number,
        "address": {"zh": institute.address, "en": institute.address},
        "postcode": institute.postcode,
        "phone": institute.phone,
        "email": institute.email,
    }


def of_supplement(supplement: Supplement) -> dict[str, str]:
    """What the three people of a supplement sign: the text, by whom and when, and the certificate whose facts it completes."""
    return {
        "schema": "supplement/1",
        "id": str(supplement.pk),
        "certificate": supplement.certificate.number,
        "certificate_sha256": supplement.certificate.facts_sha256,
        "text": supplement.text,
        "text_en": supplement.text_en,
        "author": str(supplement.author_id),
        "written_at": supplement.written_at.astimezone(UTC).isoformat(timespec="microseconds"),
    }


def name_of_supplement(supplement: Supplement) -> str:
    """As signatures name it, also before it has a number."""
    return f"supplement:{supplement.certificate.number}:{supplement.pk}"
