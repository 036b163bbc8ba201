"""Static files: how they are given out under ASGI, and how production names them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, answering with whole files.

    WhiteNoise streams them with a synchronous iterator. Under ASGI Django gathers such a stream in memory all the same, in
    a thread, and warns about it; our files are small, so they are gathered here.
    """

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        streamed = WhiteNoiseMiddleware.serve(static_file, request)
        try:
            whole = HttpResponse(b"".join(streamed), status=streamed.status_code)
        finally:
            streamed.close()
        del whole["Content-Type"]
        for name, value in streamed.items():
            whole[name] = value
        return whole


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Names with a digest of the content, kept by browsers for ever.

    Style sheets are followed to what they show. Source maps are not: packages name maps which they do not ship, and a map
    missing must not keep an institute from being installed.
    """

    patterns = (
        (
            "*.css",
            (
                r"""(?P<matched>url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\))""",
                (r"""(?P<matched>@import\s*["']\s*(?P<url>.*?)["'])""", """@import url("%(url)s")"""),
            ),
        ),
    )


class PackageFinder(BaseFinder):
    """The files of installed packages that pages name, and no others: settings.PACKAGE_FILES, served name -> path.

    A package brings hundreds of files beside the one that is used, some of them broken, and looking through them takes
    time at every start.
    """

    def __init__(self, app_names: Iterable[str] | None = None, *args: Any, **kwargs: Any) -> None:
        self.files: dict[str, Path] = {name: path for name, path in settings.PACKAGE_FILES.items() if path.is_file()}
        super().__init__(*args, **kwargs)

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file's place, or nothing; a list where all places are asked for."""
        found = self.files.get(path)
        if find_all:
            return [str(found)] if found else []
        return str(found) if found else []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        """Each file with the storage it is read from; the storage's prefix is the folder it is served under."""
        for name, path in self.files.items():
            storage = FileSystemStorage(location=str(path.parent))
            storage.prefix = name.rpartition("/")[0]  # type: ignore[attr-defined]
            yield path.name, storage
