"""The time stamp authority of the seal, offered to the apps below that need somebody else's word for the time."""

from django.core.exceptions import ObjectDoesNotExist

from certificates.sealing.errors import SealingError
from certificates.services.sealing import sealer
from lims.core import timestamps


@timestamps.offered
def authority() -> timestamps.Authority:
    try:
        keys = sealer().keys
    except (SealingError, ObjectDoesNotExist) as error:  # an installation that has no institute yet has no seal
        raise timestamps.Unavailable(str(error)) from error

    def token(digest: bytes) -> bytes:
        try:
            return keys.timestamper.token(digest)
        except SealingError as error:
            raise timestamps.Unavailable(str(error)) from error

    return timestamps.Authority(token, keys.roots)
