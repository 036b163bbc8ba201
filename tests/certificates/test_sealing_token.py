"""A seal whose key never leaves its token: what goes wrong is named, what can be mended mends itself, the PIN stays secret."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pkcs11
import pytest
import softhsm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from certificates import probes
from certificates.models import Certificate, SealedFile
from certificates.sealing import Keys, KeysError
from certificates.sealing import token as token_module
from certificates.sealing.token import TokenKey
from certificates.services import sealing
from lims.core.models import Job
from lims.core.text import Text
from lims.people.models import Organisation
from tests import factories
from tests.certificates import issued

URL = "http://127.0.0.1:9/"


@pytest.fixture(scope="module")
def token(tool: Any, tmp_path_factory: Any) -> Iterator[softhsm.Token]:
    folder = tmp_path_factory.mktemp("token")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", "set by configure")
        softhsm.configure(folder)
        yield softhsm.make(tool, folder, "institute seal")


@pytest.fixture(autouse=True)
def logged_out(token: softhsm.Token, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test finds the token as a new process does: nobody has logged in, and no PIN was refused."""
    pkcs11.lib(token.module).reinitialize()
    monkeypatch.setattr(token_module, "_refused", set())


@pytest.fixture
def key(token: softhsm.Token) -> TokenKey:
    made = Keys.from_settings(token.settings(URL)).signer.key
    assert isinstance(made, TokenKey)
    return made


def signs(key: TokenKey) -> bool:
    public = key.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(key.sign(b"data"), b"data", ec.ECDSA(SHA256()))
    return True


def test_the_session_stays_open_from_one_signature_to_the_next(key: TokenKey, monkeypatch: Any) -> None:
    monkeypatch.setattr(token_module, "_session", lambda *_, **__: pytest.fail("opened again"))
    assert signs(key) and signs(key)


def test_a_session_that_died_is_opened_anew(key: TokenKey, caplog: Any) -> None:
    key._session.close()
    assert signs(key)
    assert "opening it anew" in caplog.text


def test_a_key_opened_before_a_fork_signs_in_the_child_and_in_the_parent(key: TokenKey) -> None:
    child = os.fork()
    if not child:
        os._exit(0 if signs(key) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert signs(key)


def test_a_token_pulled_out_is_named_and_used_again_when_it_is_back(token: softhsm.Token, key: TokenKey) -> None:
    tokens = token.roots.parent / "tokens"
    tokens.rename(tokens.with_name("elsewhere"))
    tokens.mkdir()
    try:
        pkcs11.lib(token.module).finalize()
        with pytest.raises(KeysError, match="no token “institute seal”"):
            key.sign(b"data")
    finally:
        tokens.rmdir()
        tokens.with_name("elsewhere").rename(tokens)
    assert signs(key)


def test_a_wrong_pin_is_tried_once_and_told_to_nobody(token: softhsm.Token, caplog: Any, monkeypatch: Any) -> None:
    caplog.set_level(logging.DEBUG)
    place = token.place(pin="0000-wrong")
    for _ in range(2):
        with pytest.raises(KeysError, match="PIN of the token “institute seal” is wrong") as caught:
            TokenKey(place, token.authority.seal.key.public_key())
        assert "0000-wrong" not in str(caught.value) + caught.value.text.zh + caplog.text + repr(place)
        # A second attempt would not even ask the token.
        monkeypatch.setattr(pkcs11, "lib", lambda _: pytest.fail("asked the token again"))


def test_the_last_attempt_at_a_pin_is_left_to_a_person(token: softhsm.Token, monkeypatch: Any) -> None:
    nearly = SimpleNamespace(flags=pkcs11.TokenFlag.USER_PIN_FINAL_TRY, open=lambda **_: pytest.fail("tried"))
    library = SimpleNamespace(get_token=lambda **_: nearly)
    monkeypatch.setattr(pkcs11, "lib", lambda _: library)
    with pytest.raises(KeysError, match="one more PIN attempt only"):
        TokenKey(token.place(), token.authority.seal.key.public_key())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"token": "another"}, "no token “another”"),
        ({"module": "/nowhere/module.so"}, "cannot be used .module /nowhere/module.so"),
        ({"key": "another"}, "holds no private key “another”"),
        ({"pin": ""}, "Settings are missing: pin"),
        ({"certificates": "/nowhere.pem"}, "/nowhere.pem, cannot be read"),
    ],
)
def test_what_is_configured_wrongly_is_named(token: softhsm.Token, change: dict[str, str], said: str) -> None:
    with pytest.raises(KeysError, match=said):
        Keys.from_settings(token.settings(URL, **change))


def test_a_certificate_of_another_key_is_refused(token: softhsm.Token, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(token.authority.seal.certificate.public_bytes(Encoding.PEM))
    with pytest.raises(KeysError, match="does not belong"):
        Keys.from_settings(token.settings(URL, certificates=other))


def test_the_only_key_of_a_token_needs_no_label(token: softhsm.Token) -> None:
    assert signs(Keys.from_settings(token.settings(URL, key="")).signer.key)


@pytest.fixture
def configured(token: softhsm.Token, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The whole program with its seal in the token."""
    monkeypatch.setattr(sealing, "_sealers", {})
    settings.SEAL_PKCS11_MODULE, settings.SEAL_PKCS11_TOKEN = token.module, token.label
    settings.SEAL_PKCS11_KEY, settings.SEAL_PKCS11_PIN = "seal", softhsm.PIN
    settings.SEAL_CERTIFICATES, settings.SEAL_ROOTS = str(token.certificates), str(token.roots)
    settings.TIMESTAMP_URL = URL
    return settings


def test_the_doctor_opens_the_token_and_says_until_when_its_certificate_is_valid(db: Any, configured: Any) -> None:
    Organisation.objects.create(kind="institute", name="测试所")
    assert isinstance(probes.seal_can_be_used(), Text)


def test_a_wrong_pin_fails_the_job_with_a_plain_sentence_and_the_doctor_names_it(db: Any, configured: Any) -> None:
    configured.SEAL_PKCS11_PIN = "0000-wrong"
    made = issued.certificate(factories.laboratory())
    assert made.state == Certificate.State.SEALING and not SealedFile.objects.exists()
    error = Job.objects.get(kind=sealing.JOB).last_error
    assert "The PIN of the token “institute seal” is wrong" in error and "0000-wrong" not in error
    answer = probes.seal_can_be_used()
    assert answer.code == "seal_unusable" and "PIN" in answer.text.zh and "LIMS_SEAL_PKCS11" in answer.action.en
