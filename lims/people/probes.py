"""What the doctor asks about people: whether the authority behind their signing keys is the one that certified them."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from django.conf import settings

from lims.core.health import probe
from lims.core.text import Reason, Text, reason
from lims.people.authority import persons_authority
from lims.people.keys.errors import KeyFault
from lims.people.models import PersonalKey


@probe("persons")
def authority_certified_the_keys() -> Reason | Text:
    """A keys directory that was lost makes a new authority, under which no earlier signature verifies."""
    newest = PersonalKey.objects.order_by("-pk").first()
    if newest is None:
        return Text("还没有签名密钥", "nobody has a signing key yet")
    what_to_do = (
        f"请从单独保存的副本恢复 {settings.KEYS_DIR} 中的 persons 目录",
        f"bring the directory persons in {settings.KEYS_DIR} back from its own copy",
    )
    try:
        authority = persons_authority()
    except KeyFault as fault:
        return reason("persons_authority_unusable", fault.text.zh, fault.text.en, *what_to_do)
    oldest = PersonalKey.objects.order_by("pk").first()
    for key in (oldest, newest):
        try:
            x509.load_pem_x509_certificate(key.certificate.encode()).verify_directly_issued_by(authority.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return reason(
                "persons_authority_lost",
                f"人员证书机构不是签发 {key.person} 密钥证书的那一个，已有签名无法核对",
                f"the authority for persons is not the one that certified the key of {key.person}; signatures cannot be verified",
                *what_to_do,
            )
    active = PersonalKey.objects.filter(state=PersonalKey.State.ACTIVE).count()
    return Text(f"{active} 个签名密钥在用", f"{active} signing keys in use")
