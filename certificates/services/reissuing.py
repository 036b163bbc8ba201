"""A number was voided before its document was sealed: what it was to certify is issued under the next number."""

from django.db import transaction

from certificates import rules
from certificates.models import Certificate
from certificates.services import issuing, supplements
from lims.core.text import Refused
from lims.people.models import User


@transaction.atomic
def reissue(certificate: Certificate, *, by: User) -> Certificate:
    """Issues the record or supplement of a voided number anew. The approval given before counts, so only its approver may.

    Raises Refused with what stands against it; no number is taken then.
    """
    if why := rules.may_reissue(certificate, by):
        raise Refused(why)
    if certificate.supplements_id:
        return supplements.enter_again(certificate.made_from, by=by)
    return issuing.issue(certificate.task, by=by)
