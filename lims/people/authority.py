"""The persons' authority of this installation: in KEYS_DIR, in the name of the institute."""

from django.conf import settings

from lims.core import clock
from lims.people.keys.authority import PersonsAuthority
from lims.people.models import Organisation


def persons_authority() -> PersonsAuthority:
    """Created at the first call. Raises Organisation.DoesNotExist before the institute is entered."""
    institute = Organisation.objects.get(kind=Organisation.Kind.INSTITUTE)
    return PersonsAuthority.open(
        settings.KEYS_DIR, institute=institute.name, demonstration=settings.DEMONSTRATION, at=clock.now()
    )
