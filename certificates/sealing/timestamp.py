"""Time stamps (RFC 3161): our own authority for development, and a client for a licensed one by its URL."""

from __future__ import annotations

import hashlib
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from .cms import SHA256, TST_INFO, CmsSigner
from .der import boolean, generalized_time, integer, octets, oid, sequence, tlv
from .errors import TimestampError

# A policy of nobody: arc 1.3.6.1.4.1.32473 is set aside for examples (RFC 5612).
DEVELOPMENT_POLICY = "1.3.6.1.4.1.32473.1.1"
_DIGEST_SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}


class Timestamper(Protocol):
    """Whoever can say when a digest existed."""

    size: int
    """The most bytes one token takes."""

    def token(self, digest: bytes) -> bytes:
        """A time stamp token (DER) for a SHA-256 digest. Raises TimestampError."""


def _now() -> datetime:
    return datetime.now(UTC)


class DevelopmentTimestamper:
    """A time stamp authority in this process, for development and tests. It says whatever the machine's clock says."""

    size = 3072

    def __init__(self, signer: CmsSigner, clock: Callable[[], datetime] = _now) -> None:
        self._signer = signer
        self._clock = clock

    def token(self, digest: bytes) -> bytes:
        return self._token(sequence(SHA256, octets(digest)), None, with_certificates=True)

    def respond(self, request: bytes) -> bytes:
        """Answer a TimeStampReq as an authority does over HTTP: granted, or rejected with the reason RFC 3161 has for it."""
        try:
            asked = tsp.TimeStampReq.load(request, strict=True)
            imprint = asked["message_imprint"]
            name = imprint["hash_algorithm"]["algorithm"].native
            digest, nonce = imprint["hashed_message"].native, asked["nonce"].native
            policy, wanted = asked["req_policy"].native, bool(asked["cert_req"].native)
        except (ValueError, TypeError):
            return _rejection("bad_data_format")
        if name not in _DIGEST_SIZES:
            return _rejection("bad_alg")
        if len(digest) != _DIGEST_SIZES[name]:
            return _rejection("bad_data_format")
        if policy not in (None, DEVELOPMENT_POLICY):
            return _rejection("unaccepted_policy")
        token = self._token(imprint.dump(), nonce, with_certificates=wanted)
        return sequence(sequence(integer(0)), token)

    def _token(self, imprint: bytes, nonce: int | None, *, with_certificates: bool) -> bytes:
        info = sequence(
            integer(1),
            oid(DEVELOPMENT_POLICY),
            imprint,
            integer(secrets.randbits(120)),
            generalized_time(self._clock()),
            sequence(integer(1)),
            integer(nonce) if nonce is not None else b"",
        )
        return self._signer.attached(TST_INFO, info, with_certificates=with_certificates)


def _rejection(why: str) -> bytes:
    """PKIStatusInfo with status rejection (2) and one bit of PKIFailureInfo (RFC 3161, 2.4.2)."""
    bit = {"bad_alg": 0, "bad_data_format": 5, "unaccepted_policy": 15}[why]
    octet = bytes(bit // 8) + bytes((0x80 >> bit % 8,))
    return sequence(sequence(integer(2), tlv(0x03, bytes((7 - bit % 8,)), octet)))


class _Response(core.Sequence):  # type: ignore[misc]
    """TimeStampResp; in asn1crypto's own the token is not optional, so that a rejection cannot be read."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo), ("token", cms.ContentInfo, {"optional": True})]


class HttpTimestamper:
    """Asks an authority at a URL and believes its answer only after checking it."""

    size = 10240

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        if not url.startswith(("https://", "http://")):
            raise TimestampError("时间戳服务地址无效。", "The address of the time stamp authority is not an HTTP URL.")
        self._url = url
        self._timeout = timeout

    def token(self, digest: bytes) -> bytes:
        nonce = secrets.randbits(63)
        request = sequence(integer(1), sequence(SHA256, octets(digest)), integer(nonce), boolean(True))
        answer = self._ask(request)
        try:
            response = _Response.load(answer, strict=True)
            status = response["status"]["status"].native
            if status not in ("granted", "granted_with_mods"):
                raise TimestampError(f"时间戳服务拒绝：{status}", f"The time stamp authority refused: {status}")
            token = response["token"]
            check_token(token, digest, nonce)
        except (ValueError, TypeError, KeyError) as error:
            raise TimestampError(
                "时间戳服务的回答无法解读。", "The answer of the time stamp authority is unreadable."
            ) from error
        data: bytes = token.dump()
        return data

    def _ask(self, request: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        call = urllib.request.Request(self._url, request, headers)  # noqa: S310 - http(s) only, checked above
        try:
            with urllib.request.urlopen(call, timeout=self._timeout) as reply:  # noqa: S310
                answer: bytes = reply.read(1 << 20)
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise TimestampError(
                f"时间戳服务没有回答：{error}", f"The time stamp authority did not answer: {error}"
            ) from error
        return answer


def check_token(token: Any, digest: bytes, nonce: int | None) -> None:
    """Raise TimestampError unless the token is about this digest and nonce and is signed by the certificate it carries.

    Whether that certificate is trusted is asked when a seal is verified.
    """
    signed: cms.SignedData = token["content"]
    info = signed["encap_content_info"]["content"].parsed
    imprint = info["message_imprint"]
    same = imprint["hash_algorithm"]["algorithm"].native == "sha256" and imprint["hashed_message"].native == digest
    if not same or (nonce is not None and info["nonce"].native != nonce):
        raise TimestampError("时间戳与请求不符。", "The time stamp is about something else than what was asked.")
    signer = signed["signer_infos"][0]
    attributes = signer["signed_attrs"]
    stated = next(one["values"][0].native for one in attributes if one["type"].native == "message_digest")
    name = signer["digest_algorithm"]["algorithm"].native
    content = signed["encap_content_info"]["content"].contents
    serial = signer["sid"].chosen["serial_number"].native if signer["sid"].name == "issuer_and_serial_number" else None
    holders = [one.chosen for one in signed["certificates"] if serial is None or one.chosen.serial_number == serial]
    if hashlib.new(name, content).digest() != stated or not holders:
        raise TimestampError("时间戳的签名无效。", "The signature of the time stamp is not valid.")
    key = x509.load_der_x509_certificate(holders[0].dump()).public_key()
    algorithm = getattr(hashes, name.upper())()
    data = attributes.untag().dump()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signer["signature"].native, data, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signer["signature"].native, data, padding.PKCS1v15(), algorithm)
        else:
            raise TimestampError(
                "时间戳使用了不支持的算法。", "The time stamp uses an algorithm that is not supported."
            )
    except InvalidSignature as error:
        raise TimestampError("时间戳的签名无效。", "The signature of the time stamp is not valid.") from error
