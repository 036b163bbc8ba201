"""Static files under ASGI."""

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


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
