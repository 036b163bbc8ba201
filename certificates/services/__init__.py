"""Writes of the certificates app: `issuing` takes the number, `sealing` makes the document, `bulk` issues many; `standing`,
`correcting`, `supplements` and `notices` are the later life, `archive` what is taken away."""

from certificates.services import bulk  # registers its job
from certificates.services.issuing import approve_and_issue, issue
from certificates.services.reissuing import reissue
from certificates.services.sealing import seal_certificate
from certificates.services.standing import note_download, note_evidence, replace_by, void_number, withdraw

__all__ = [
    "approve_and_issue",
    "bulk",
    "issue",
    "note_download",
    "note_evidence",
    "reissue",
    "replace_by",
    "seal_certificate",
    "void_number",
    "withdraw",
]
