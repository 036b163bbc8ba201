"""A time stamp authority on a free local port, for tests of what asks one over HTTP."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer


class serving:
    """Answers every POST with what `answer` makes of its body; the address is the context's value."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
