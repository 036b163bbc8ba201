"""A network that can be cut: a relay in front of the server, so that browser and service worker both lose it."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Network:
    """Relays connections to the server for as long as it is whole."""

    def __init__(self, server: str) -> None:
        there = urlsplit(server)
        self._server = (there.hostname or "localhost", there.port or 80)
        self._open: list[socket.socket] = []
        self._port = 0
        self.mend()
        self.address = f"http://{there.hostname}:{self._port}"

    def mend(self) -> None:
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """New connections are refused and those that are open end."""
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._server)
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._relay, args=(source, target), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
