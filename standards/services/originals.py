"""The papers themselves: PDF files of certificates and licences."""

from lims.core import files, pdf
from lims.core.models import StoredFile


def store_original(data: bytes) -> StoredFile:
    """Keeps a plain PDF under its digest. Raises Refused for anything else, and when the disk does not take it."""
    return files.store(pdf.judged(data), pdf.MEDIA_TYPE)
