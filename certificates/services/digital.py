"""The machine-readable twin of a certificate: whether its facts can be told to a machine, and the one signed file of it."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from certificates import dcc, selectors
from certificates.models import Certificate, DigitalCertificate
from certificates.sealing import Keys
from lims.core import clock, files
from lims.core.text import Reason, reason


def may_be_told(facts: Mapping[str, Any]) -> Reason | None:
    """Asked before a number is taken: facts that make no valid DCC would keep it from ever being sealed."""
    try:
        faults = dcc.check(dcc.build({**facts, "number": facts["number"] or "0"}), settings.DCC_SCHEMAS)
    except dcc.DccError as refused:
        return refused.reason
    if not faults:
        return None
    return reason(
        "dcc_invalid",
        f"数字校准证书不符合 DCC 3.3.0：{faults[0]}",
        f"The digital calibration certificate is not a DCC 3.3.0: {faults[0]}",
        "请更正上述内容；如无法更正，请联系系统管理员",
        "Correct what it names; if that is not possible, tell the administrator",
    )


def digital_certificate(row: Certificate, keys: Keys) -> bytes:
    """The signed DCC of a certificate: made at the first call, then always the same bytes.

    Safe to repeat and to kill: the file lies under its digest before the row names it, and there is one row.
    """
    try:
        return selectors.dcc(row)
    except FileNotFoundError:
        pass
    xml, at = dcc.build(json.loads(row.facts)), clock.now()
    signed = dcc.sign(xml, keys, at)
    if faults := dcc.check(signed, settings.DCC_SCHEMAS):
        raise ValueError(f"{row}: the digital certificate is not a DCC 3.3.0: {faults[0]}")
    digest = files.write(signed)
    try:
        with transaction.atomic():
            stored = files.row(digest, len(signed), "application/xml")
            DigitalCertificate.objects.create(certificate=row, file=stored, signed_at=at)
    except IntegrityError:
        # Another worker was quicker; its file is the one.
        if not DigitalCertificate.objects.filter(certificate=row).exists():
            raise
        return selectors.dcc(row)
    return signed
