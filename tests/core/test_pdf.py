"""A PDF is judged by what is in it."""

from io import BytesIO

import pikepdf
import pytest

from lims.core import pdf
from lims.core.text import Refused
from tests.pdfs import plain, saved


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        pdf.judged(data)
    (one,) = refused.value.reasons
    assert one.text.zh and one.text.en and one.action
    return one.code


def test_a_plain_pdf_passes_unchanged():
    assert pdf.judged(plain()) == plain()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-",
        b"%PDF-1.7\n%%EOF",
        b"app.alert('hello')",
        b"<html><script>alert(1)</script></html>",
        b"PK\x03\x04 a workbook",
        b"\x89PNG\r\n\x1a\n",
        b"MZ\x90\x00 a program %PDF-1.7",
        b"%PDF-1.7\n" + b"\x00" * 5000,
    ],
)
def test_anything_else_is_no_pdf_whatever_it_is_called(data):
    assert refusal(data) == "no_pdf"


def test_a_truncated_pdf_without_pages_is_none():
    assert refusal(plain()[:60]) == "no_pdf"


def test_a_large_one_is_refused_before_it_is_opened(monkeypatch):
    monkeypatch.setattr(pdf, "LARGEST", 100)
    assert refusal(b"%PDF-" + b"x" * 100) == "pdf_too_large"


def test_a_file_of_endlessly_many_objects_is_given_up(monkeypatch):
    monkeypatch.setattr(pdf, "MOST_OBJECTS", 2)
    assert refusal(plain()) == "pdf_too_large"


def _with(change) -> bytes:
    with pikepdf.open(BytesIO(plain())) as document:
        change(document)
        return saved(document)


def _script(document):
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def _deep_script(document):
    inner = pikepdf.Dictionary(Kids=[pikepdf.Dictionary(A=[pikepdf.Dictionary(JS="app.alert(1)")])])
    document.pages[0].AA = pikepdf.Dictionary(O=inner)


def _launch(document):
    document.Root.OpenAction = document.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe"))


def _attachment(document):
    document.attachments["x.exe"] = b"MZ"


@pytest.mark.parametrize("change", [_script, _deep_script, _launch, _attachment])
def test_a_pdf_that_acts_is_refused(change):
    assert refusal(_with(change)) == "pdf_active"


def test_a_script_whose_name_is_written_in_escapes_is_found_too():
    data = _with(_script).replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS ", b"/#4a#53 ")
    assert b"/JavaScript" not in data and refusal(data) == "pdf_active"


def test_an_encrypted_pdf_is_refused_with_and_without_a_password():
    for user in ("", "secret"):
        with pikepdf.open(BytesIO(plain())) as document:
            data = saved(document, encryption=pikepdf.Encryption(owner="owner", user=user))
        assert refusal(data) == "pdf_encrypted"
