"""`lims-witness.pyz --data DIR --name NAME --log VKEY-FILE… [--host 127.0.0.1] [--port 7380]`

Answers POST /add-checkpoint as https://c2sp.org/tlog-witness tells, GET /vkey with its own public key. The key is made in DIR
at the first start; DIR must never be set back to an older copy.
"""

import argparse
import os
import secrets
import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lims.audit.tlog.note import COSIGNATURE, NoteError, Signer, Verifier
from lims.audit.tlog.witness import MOST_BODY, add_checkpoint
from lims.audit.witness.memory import FileMemory

PATIENCE = 10.0
"""Seconds to wait for a caller that does not go on."""


class Witness(ThreadingHTTPServer):
    """The HTTP side of a witness. `logs`: the public keys of the logs it watches."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], signer: Signer, logs: list[Verifier], data: Path) -> None:
        self.signer, self.logs = signer, {one.name: one for one in logs}
        self.memory = FileMemory(data / "heads")
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Witness
    timeout = PATIENCE

    def do_GET(self) -> None:
        if self.path == "/vkey":
            self._say(HTTPStatus.OK, f"{self.server.signer.vkey(COSIGNATURE)}\n")
        else:
            self._say(HTTPStatus.NOT_FOUND, "")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            self._say(HTTPStatus.NOT_FOUND, "")
        elif not length.isascii() or not length.isdecimal() or int(length) > MOST_BODY:
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "")
        else:
            try:
                body = self.rfile.read(int(length)).decode()
            except UnicodeDecodeError:
                self._say(HTTPStatus.BAD_REQUEST, "not UTF-8\n")
                return
            answer = add_checkpoint(
                body,
                logs=self.server.logs,
                signer=self.server.signer,
                memory=self.server.memory,
                now=lambda: int(time.time()),
            )
            self._say(answer.status, answer.body, answer.content_type)

    def _say(self, status: int, body: str, content_type: str = "text/plain; charset=utf-8") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        sys.stderr.write(f"{self.log_date_time_string()} {format % arguments}\n")


def own_key(data: Path, name: str) -> Signer:
    """The witness's key, made at the first call. Raises NoteError when the folder holds that of another name."""
    path = data / "key"
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(Signer(name, secrets.token_bytes(32)).secret())
            file.flush()
            os.fsync(file.fileno())
    signer = Signer.load(path.read_text("utf-8"))
    if signer.name != name:
        raise NoteError(f"{path} is the key of {signer.name}, not of {name}")
    return signer


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="lims-witness", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder for the key and the last heads")
    parser.add_argument("--name", required=True, help="name of this witness, such as witness.example.org")
    parser.add_argument(
        "--log", type=Path, action="append", required=True, help="file with the public key of a log (log.vkey)"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7380)
    asked = parser.parse_args(arguments)
    try:
        logs = [Verifier(path.read_text("utf-8").strip()) for path in asked.log]
        server = Witness((asked.host, asked.port), own_key(asked.data, asked.name), logs, asked.data)
    except (OSError, NoteError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{server.signer.vkey(COSIGNATURE)}\nhttp://{asked.host}:{server.server_port}/\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
