"""The persons' authority of this installation: in KEYS_DIR, in the name of the institute."""

from django.conf import settings

from lims.core import clock
from lims.people.keys.authority import PersonsAuthority
from lims.people.keys.errors import KeyFault
from lims.people.models import Organisation, PersonalKey


def persons_authority() -> PersonsAuthority:
    """Created when the first key is made. Raises Organisation.DoesNotExist before the institute is entered.

    Raises KeyFault when it is damaged, or gone although it has certified keys: a new one of the same name would make every
    signature that was ever given look like a stranger's.
    """
    if not PersonsAuthority.exists(settings.KEYS_DIR) and PersonalKey.objects.exists():
        raise KeyFault(
            "authority_lost",
            f"已有签名密钥，但密钥目录 {settings.KEYS_DIR} 中没有人员证书机构",
            f"there are signing keys, yet no authority for persons in {settings.KEYS_DIR}",
        )
    institute = Organisation.objects.get(kind=Organisation.Kind.INSTITUTE)
    return PersonsAuthority.open(
        settings.KEYS_DIR, institute=institute.name, demonstration=settings.DEMONSTRATION, at=clock.now()
    )
