"""A seal whose private key lives in a PKCS#11 token (OASIS PKCS #11 2.40): a smart card, a hardware module, SoftHSM.

The session stays open from one signature to the next and is opened anew, once, when the token reports an error. A wrong
PIN is tried once only: every retry of a job would bring a real token nearer to locking itself for good.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from .errors import KeysError
from .signer import PublicKey

if TYPE_CHECKING:
    from pkcs11 import PKCS11Error

_log = logging.getLogger(__name__)
# Modules are initialised once for the whole process and need not be safe between threads.
_LOCK = threading.RLock()
_initialised_by: dict[str, int] = {}
_refused: set[Place] = set()


@dataclass(frozen=True)
class Place:
    """Where the key is. `key` is its label; empty: the only private key the token holds."""

    module: str
    token: str
    pin: str = field(repr=False)
    key: str = ""


class TokenKey:
    """A private key in a token, proven at every opening to belong to the public key of the seal's certificate."""

    def __init__(self, place: Place, public_key: PublicKey) -> None:
        """Raises KeysError with the reason: no module, no token, wrong PIN, no key, another key."""
        self._place = place
        self._public = public_key
        self._session: Any = None
        self._key: Any = None
        with _LOCK:
            self._open(anew=False)

    def public_key(self) -> PublicKey:
        return self._public

    def sign(self, data: bytes) -> bytes:
        import pkcs11

        with _LOCK:
            if self._key is not None and _initialised_by.get(self._place.module) == os.getpid():
                try:
                    return self._signed(data)
                except pkcs11.PKCS11Error as error:
                    _log.warning("token %s: %s; opening it anew", self._place.token, _said(error))
            self._open(anew=True)
            try:
                return self._signed(data)
            except pkcs11.PKCS11Error as error:
                self._key = None
                raise _unusable(self._place, error) from error

    def _signed(self, data: bytes) -> bytes:
        import pkcs11

        if isinstance(self._public, ec.EllipticCurvePublicKey):
            plain = self._key.sign(hashlib.sha256(data).digest(), mechanism=pkcs11.Mechanism.ECDSA)
            half = len(plain) // 2
            return encode_dss_signature(int.from_bytes(plain[:half]), int.from_bytes(plain[half:]))
        signature: bytes = self._key.sign(data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)
        return signature

    def _open(self, *, anew: bool) -> None:
        import pkcs11

        self._close()
        try:
            self._session = _session(self._place, anew=anew)
            template = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
            if self._place.key:
                template[pkcs11.Attribute.LABEL] = self._place.key
            found = list(self._session.get_objects(template))
            if len(found) != 1:
                raise _number_of_keys(self._place, len(found))
            self._key = found[0]
            self._prove()
        except pkcs11.PKCS11Error as error:
            self._close()
            raise _unusable(self._place, error) from error
        except KeysError:
            self._close()
            raise

    def _prove(self) -> None:
        """The token's key belongs to the certificate if the certificate's key verifies what the token signs."""
        probe = secrets.token_bytes(32)
        signature = self._signed(probe)
        try:
            if isinstance(self._public, ec.EllipticCurvePublicKey):
                self._public.verify(signature, probe, ec.ECDSA(hashes.SHA256()))
            else:
                self._public.verify(signature, probe, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise KeysError("私钥与证书不匹配。", "The private key does not belong to the certificate.") from error

    def _close(self) -> None:
        # The login belongs to the process and to every session of the token: closing this one must not log the others out.
        self._session = self._key = None


def _session(place: Place, *, anew: bool) -> Any:
    """A session that may use private keys. `anew` starts the module over: tokens that came back are found only then."""
    import pkcs11

    if place in _refused:
        raise _wrong_pin(place)
    library = pkcs11.lib(place.module)
    if anew or _initialised_by.get(place.module, os.getpid()) != os.getpid():
        try:
            library.finalize()
        except pkcs11.PKCS11Error as error:  # what a forked process inherited was never its own
            _log.info("module %s was not finalised: %s", place.module, _said(error))
        library.initialize()
    _initialised_by[place.module] = os.getpid()
    token = library.get_token(token_label=place.token)
    if token.flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
        raise pkcs11.PinLocked
    if token.flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY:
        raise KeysError(
            f"密码设备“{place.token}”只剩一次输入PIN的机会，系统不再尝试；请人工用正确的PIN登录一次。",
            f"The token “{place.token}” allows one more PIN attempt only, which is left to a person: log in once by hand.",
        )
    try:
        return token.open(user_pin=place.pin)
    except pkcs11.UserAlreadyLoggedIn:
        return token.open()
    except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid) as error:
        _refused.add(place)
        raise _wrong_pin(place) from error


def _wrong_pin(place: Place) -> KeysError:
    return KeysError(
        f"密码设备“{place.token}”的PIN不正确；为避免锁死，改正设置并重新启动之前不再尝试。",
        f"The PIN of the token “{place.token}” is wrong; so as not to lock it, it is not tried again before the setting "
        "is corrected and the program restarted.",
    )


def _number_of_keys(place: Place, number: int) -> KeysError:
    named = f"“{place.key}”" if place.key else ""
    if not number:
        return KeysError(
            f"密码设备“{place.token}”中没有私钥{named}。", f"The token “{place.token}” holds no private key {named}."
        )
    return KeysError(
        f"密码设备“{place.token}”中有 {number} 个私钥{named}，请用标签指明一个。",
        f"The token “{place.token}” holds {number} private keys {named}: name one by its label.",
    )


def _unusable(place: Place, error: PKCS11Error) -> KeysError:
    import pkcs11

    if isinstance(error, pkcs11.NoSuchToken | pkcs11.TokenNotPresent):
        return KeysError(
            f"找不到密码设备“{place.token}”（模块 {place.module}）。请检查是否插好，标签是否正确。",
            f"There is no token “{place.token}” (module {place.module}). Is it plugged in, is its label right?",
        )
    if isinstance(error, pkcs11.PinLocked):
        return KeysError(
            f"密码设备“{place.token}”的PIN已锁死，请用管理PIN解锁。",
            f"The PIN of the token “{place.token}” is locked; its security officer has to unlock it.",
        )
    return KeysError(
        f"密码设备“{place.token}”不能使用（模块 {place.module}）：{_said(error)}",
        f"The token “{place.token}” cannot be used (module {place.module}): {_said(error)}",
    )


def _said(error: Exception) -> str:
    """The library's errors often have a name and no words."""
    return f"{type(error).__name__} {error}".strip()
