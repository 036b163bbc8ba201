"""The compact signature: a published vector, and what must not pass for one."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lims.people.keys import acts, certificates, jws
from lims.people.keys.errors import KeyFault

from .conftest import NOW, person

# RFC 7515, appendix A.3: the signature and the public key, as printed there.
RFC_7515_A3 = (
    "eyJhbGciOiJFUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
RFC_7515_A3_KEY = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def with_header(text: str, **changes: object) -> str:
    """The same signature under another header."""
    head, payload, signature = text.split(".")
    header = {**json.loads(unb64(head)), **changes}
    return ".".join((b64(json.dumps(header).encode()), payload, signature))


@pytest.fixture
def signed(act, anna):
    return jws.sign(act.payload(), anna.key, [anna.certificate])


def refused(text, authority) -> str:
    with pytest.raises(KeyFault) as caught:
        acts.verify(text, [authority.certificate])
    assert caught.value.text.zh and caught.value.text.en
    return caught.value.code


def test_the_published_vector_verifies():
    parts = jws.take_apart(RFC_7515_A3)
    x, y = (int.from_bytes(unb64(one), "big") for one in RFC_7515_A3_KEY)
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    jws.check(parts, key)
    assert json.loads(parts.payload)["iss"] == "joe"
    with pytest.raises(KeyFault, match="wrong_signature"):
        jws.check(jws.take_apart(RFC_7515_A3[:-3] + "A1Q"), key)


def test_a_signature_says_who_did_what_to_which_record(signed, act, anna, authority):
    found = acts.verify_for(
        signed, [authority.certificate], act="check", record=act.record, record_sha256=act.record_sha256
    )
    assert found.act == act
    assert found.signature.subject == certificates.Subject("7", "核验员安", "示范区计量质量检测所")
    assert found.signature.fingerprint == hashlib.sha256(anna.certificate.public_bytes(Encoding.DER)).hexdigest()
    assert json.loads(jws.take_apart(signed).payload)["at"] == "2026-11-20T08:00:00.250000Z"
    assert {key: value for key, value in jws.take_apart(signed).header.items() if key != "x5c"} == {
        "alg": "ES256", "typ": "lims-act+jws"
    }  # fmt: skip


def test_an_altered_payload_is_found(signed, act, authority):
    head, _payload, signature = signed.split(".")
    other = acts.Act(**{**vars(act), "record_sha256": "cd" * 32})
    assert refused(f"{head}.{b64(other.payload())}.{signature}", authority) == "wrong_signature"


@pytest.mark.parametrize("which", [0, 1, 2])
def test_one_flipped_character_anywhere_is_found(signed, authority, which):
    pieces = signed.split(".")
    middle = len(pieces[which]) // 2
    pieces[which] = (
        pieces[which][:middle] + ("A" if pieces[which][middle] != "A" else "B") + pieces[which][middle + 1 :]
    )
    assert refused(".".join(pieces), authority)


def test_a_signature_without_algorithm_is_no_signature(signed, authority):
    assert refused(with_header(signed, alg="none"), authority) == "algorithm"
    head, payload, _signature = with_header(signed, alg="none").split(".")
    assert refused(f"{head}.{payload}.", authority) == "algorithm"


def test_a_public_key_is_no_secret_for_a_keyed_digest(signed, act, anna, authority):
    """The classic confusion: HS256 keyed with the public key that everybody has."""
    public = anna.certificate.public_key()
    for key in (
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ):
        head, payload, _signature = with_header(signed, alg="HS256").split(".")
        forged = hmac.new(key, f"{head}.{payload}".encode(), hashlib.sha256).digest()
        assert refused(f"{head}.{payload}.{b64(forged)}", authority) == "algorithm"
        # The same digest under the right name is no ES256 signature either: 32 bytes, and not twice 32.
        head, payload, _signature = signed.split(".")
        assert refused(f"{head}.{payload}.{b64(forged)}", authority) == "wrong_signature"


@pytest.mark.parametrize("empty", [b"\0" * 64, b"\xff" * 64, b""])
def test_r_and_s_of_nothing_verify_nothing(signed, authority, empty):
    head, payload, _signature = signed.split(".")
    assert refused(f"{head}.{payload}.{b64(empty)}", authority) == "wrong_signature"


def test_a_key_named_in_the_header_is_not_asked(signed, act, authority, foreign):
    """`jwk`, `jku` and `x5u` could name the attacker's key; `crit` could demand what we do not know."""
    mallory = person(foreign, "7", "核验员安")
    numbers = mallory.key.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": b64(numbers.x.to_bytes(32, "big")),
        "y": b64(numbers.y.to_bytes(32, "big")),
    }
    assert refused(with_header(signed, jwk=jwk), authority) == "wrong_signature"
    assert refused(with_header(signed, crit=["exp"]), authority) == "algorithm"
    assert refused(with_header(signed, x5c=[]), authority) == "no_certificate"


def test_a_certificate_of_a_foreign_authority_is_found_even_of_the_same_name(act, authority, foreign):
    mallory = person(foreign, act.person, act.name)
    text = jws.sign(act.payload(), mallory.key, [mallory.certificate])
    assert refused(text, authority) == "foreign_authority"
    assert refused(jws.sign(act.payload(), mallory.key, [mallory.certificate, foreign.certificate]), authority)
    # Our own root appended to the chain does not vouch for what it did not issue.
    chained = jws.sign(act.payload(), mallory.key, [mallory.certificate, authority.certificate])
    assert refused(chained, authority) == "foreign_authority"


def test_a_person_is_no_authority(act, authority, anna):
    """Anna's key can sign certificates as bytes; her certificate says that it must not."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateBuilder(
        issuer_name=anna.certificate.subject, subject_name=anna.certificate.subject, public_key=key.public_key(),
        serial_number=5, not_valid_before=NOW - timedelta(days=1), not_valid_after=NOW + timedelta(days=1),
        extensions=list(anna.certificate.extensions),
    )  # fmt: skip
    from cryptography.hazmat.primitives import hashes

    text = jws.sign(act.payload(), key, [made.sign(anna.key, hashes.SHA256()), anna.certificate])
    assert refused(text, authority) == "foreign_authority"


def test_the_authority_itself_signs_for_nobody(act, authority):
    assert (
        refused(jws.sign(act.payload(), authority.key, [authority.certificate]), authority)
        == "not_a_persons_certificate"
    )


def test_a_certificate_counts_only_while_it_is_in_date(act, anna, authority):
    for at in (NOW - timedelta(hours=1), NOW + timedelta(days=365 * 6)):
        late = acts.Act(**{**vars(act), "at": at})
        assert refused(jws.sign(late.payload(), anna.key, [anna.certificate]), authority) == "certificate_not_in_date"


def test_another_persons_key_does_not_sign_in_my_name(act, ben, authority):
    assert refused(jws.sign(act.payload(), ben.key, [ben.certificate]), authority) == "other_person"


def test_a_replayed_signature_does_not_fit_another_record_act_or_content(signed, act, authority):
    roots = [authority.certificate]
    right = {"act": act.act, "record": act.record, "record_sha256": act.record_sha256}
    for change, code in (
        ({"act": "approve"}, "other_act"),
        ({"record": "RW-2026-000002-1"}, "other_record"),
        ({"record_sha256": "cd" * 32}, "other_content"),
    ):
        with pytest.raises(KeyFault, match=code):
            acts.verify_for(signed, roots, **{**right, **change})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "a.b.c.d",
        "..",
        "e30.e30.",
        "W10.e30.AA",
        "{}.{}.{}",
        "e30=.e30.AA",
        "eyJhIjoxLCJhIjoyfQ.e30.AA",
        "é.é.é",
    ],
)
def test_what_is_no_compact_jws_is_refused_in_words(text, authority):
    assert refused(text, authority) in {"malformed", "type"}


@pytest.mark.parametrize(
    "change", [{"v": 2}, {"act": "void"}, {"more": "1"}, {"at": "2026-11-20T08:00:00Z"}, {"person": 7}]
)
def test_a_statement_has_one_spelling(act, anna, authority, change):
    fields = {**json.loads(act.payload()), **change}
    payload = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert refused(jws.sign(payload, anna.key, [anna.certificate]), authority) == "not_an_act"


def test_a_signature_does_not_verify_against_no_roots(signed):
    with pytest.raises(KeyFault, match="foreign_authority"):
        acts.verify(signed, [])
