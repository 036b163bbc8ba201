"""The time stamp authority of the seal, offered to the apps below that need somebody else's word for the time."""

from certificates.sealing.errors import SealingError
from certificates.services.sealing import sealer
from lims.core import timestamps


@timestamps.offered
def authority() -> timestamps.Authority:
    try:
        keys = sealer().keys
    except SealingError as error:
        raise timestamps.Unavailable(str(error)) from error

    def token(digest: bytes) -> bytes:
        try:
            return keys.timestamper.token(digest)
        except SealingError as error:
            raise timestamps.Unavailable(str(error)) from error

    return timestamps.Authority(token, keys.roots)
