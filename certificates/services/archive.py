"""All certificates of one place in one zip archive, made piece by piece while it is sent: no archive lies on the disk, and one
of thousands takes no more memory than its largest file.

File names follow from numbers and the name of the place alone, and can be unpacked on Windows: no character and no name that
it forbids, UTF-8 marked as such.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from certificates import selectors
from certificates.models import Certificate
from instruments.models import Site
from lims.audit.services import record
from lims.people.models import Organisation, User

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_LONGEST = 80
# A spreadsheet takes what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Nothing in a zip archive is older.
_EARLIEST = (1980, 1, 1, 0, 0, 0)
HEAD = (
    "证书编号 Number", "类别 Kind", "器具 Instrument", "型号 Model", "出厂编号 Serial", "检定日期 Performed", "签发日期 Issued",
    "有效期至 Valid until", "状态 State", "替代者 Replaced by", "补充对象 Supplements", "SHA-256 (PDF)", "文件 Files", "备注 Remark",
)  # fmt: skip
DAMAGED = "文件损坏或缺失，请联系本机构 File damaged or missing, please contact us"


@dataclass(frozen=True)
class _Packed:
    """What of one certificate went into the archive."""

    certificate: Certificate
    sha256: str
    files: tuple[str, ...]
    remark: str = ""


def folder_name(organisation: Organisation, site: Site | None) -> str:
    """The folder inside the archive, and its file name without `.zip`."""
    return safe(f"{organisation.name} {site.name}" if site else organisation.name)


def safe(name: str) -> str:
    """The name as every system can unpack it; never empty."""
    found = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name))[:_LONGEST].strip(" .") or "_"
    return f"_{found}" if _RESERVED.fullmatch(found) else found


@transaction.atomic
def note(organisation: Organisation, site: Site | None, certificates: Iterable[Certificate], *, by: User) -> None:
    """Notes in the log who took away which certificates, before the first byte is sent."""
    numbers = [one.number for one in certificates]
    record("archive.downloaded", by=by, obj=site or organisation, payload={"certificates": numbers})


def pieces(certificates: Iterable[Certificate], folder: str) -> Iterator[bytes]:
    """The archive as it is made: files by number, then `index.csv`, which says what is there and how each stands."""
    window = _Window()
    packed: list[_Packed] = []
    with zipfile.ZipFile(window, "w", zipfile.ZIP_STORED) as archive:
        for certificate in certificates:
            packed.append(_pack(archive, certificate, folder))
            yield window.drain()
        _write(archive, f"{folder}/index.csv", _index(packed), None)
        yield window.drain()
    yield window.drain()


def _pack(archive: zipfile.ZipFile, certificate: Certificate, folder: str) -> _Packed:
    sealed = selectors.sealed(certificate)
    at, names, remark = sealed.sealed_at if sealed else None, [], ""
    for suffix, read in ((".pdf", selectors.pdf), (".dcc.xml", selectors.dcc), (".tlog-proof", _proof)):
        try:
            data = read(certificate)
        except FileNotFoundError:
            # There may be no twin and no proof yet; a PDF that is entered has to be there.
            remark = DAMAGED if suffix == ".pdf" else remark
        except (OSError, ValueError):
            remark = DAMAGED
        else:
            names.append(f"{certificate.number}{suffix}")
            _write(archive, f"{folder}/{names[-1]}", data, at)
    return _Packed(certificate, sealed.file_id if sealed else "", tuple(names), remark)


def _proof(certificate: Certificate) -> bytes:
    found = selectors.log_proof(certificate)
    if found is None:
        raise FileNotFoundError(f"{certificate} is not in the signed log yet")
    return found.text().encode()


def _write(archive: zipfile.ZipFile, name: str, data: bytes, at: datetime | None) -> None:
    entry = zipfile.ZipInfo(name, timezone.localtime(at).timetuple()[:6] if at else _EARLIEST)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def _index(packed: Iterable[_Packed]) -> bytes:
    """A table that spreadsheet programs open, Chinese included: UTF-8 with its mark, lines as Windows ends them."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(HEAD)
    for one in packed:
        row, instrument = one.certificate, one.certificate.instrument
        standing = selectors.standing(row).text
        cells = (
            row.number, row.get_kind_display(), instrument.name, instrument.model, instrument.serial, row.verified_on,
            row.issued_on, row.valid_until or "", f"{standing.zh} {standing.en}", row.replaced_by or "",
            row.supplements or "", one.sha256, " ".join(one.files), one.remark,
        )  # fmt: skip
        table.writerow([_cell(str(value)) for value in cells])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


class _Window(io.RawIOBase):
    """The end of a file whose beginning was sent already: the archive's writer goes back only within the entry it writes."""

    def __init__(self) -> None:
        self._sent, self._rest = 0, io.BytesIO()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return self._rest.write(data)

    def tell(self) -> int:
        return self._sent + self._rest.tell()

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or place < self._sent:
            raise io.UnsupportedOperation("what was sent cannot be written again")
        self._rest.seek(place - self._sent)
        return place

    def drain(self) -> bytes:
        """Everything that was written and not yet sent."""
        data = self._rest.getvalue()
        self._sent, self._rest = self._sent + len(data), io.BytesIO()
        return data
