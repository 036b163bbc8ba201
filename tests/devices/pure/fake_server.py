"""A small server that takes batches as strictly as the real one, in memory or over HTTP, with faults on request."""

import json
import random
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from devices.agent.evidence import Frame, header_hash, verify


@dataclass
class Stored:
    header: dict = field(default_factory=dict)
    frames: list = field(default_factory=list)
    readings: list = field(default_factory=list)
    close: dict | None = None


class FakeServer:
    """`refuse` names sessions answered with 409; `refusing` and `losing` are the shares of posts answered with 503
    before, and dropped after, they were committed."""

    def __init__(self, *, refuse=(), refusing=0.0, losing=0.0, seed=0):
        self.sessions, self.orders, self.polls = {}, [], []
        self.done, self.duplicates = {}, 0
        self._refuse, self._refusing, self._losing = refuse, refusing, losing
        self._draw, self._lock = random.Random(seed), threading.Lock()

    def post(self, path, body):
        body = json.loads(json.dumps(body))
        return self.poll(body) if path == "bench/poll" else self.ingest(body)

    def poll(self, body):
        with self._lock:
            self.polls.append(body)
            for one in body["done"]:
                self.done[one["id"]] = one
            return 200, {"commands": [one for one in self.orders if one["id"] not in self.done], "profiles": {}}

    def ingest(self, body):
        with self._lock:
            if body["session"] in self._refuse:
                return 409, {"error": {"zh": "分叉", "en": "fork"}}
            stored = self.sessions.setdefault(body["session"], Stored())
            if header := body.get("header"):
                if stored.header not in ({}, header):
                    return 409, {"error": {"zh": "会话头不同", "en": "another header"}}
                stored.header = header
            for one in body["frames"]:
                frame = Frame(
                    one["seq"],
                    one["mono_ns"],
                    one["wall_ns"],
                    one["dir"],
                    bytes.fromhex(one["raw"]),
                    bytes.fromhex(one["hash"]),
                )
                if frame.seq <= len(stored.frames):
                    self.duplicates += 1
                    if stored.frames[frame.seq - 1] != frame:
                        return 409, {"error": {"zh": "分叉", "en": "fork"}}
                elif frame.seq != len(stored.frames) + 1:
                    return 409, {"error": {"zh": "缺帧", "en": "gap"}}
                else:
                    stored.frames.append(frame)
            for one in body["readings"]:
                if one["seq_no"] == len(stored.readings) + 1:
                    stored.readings.append(one)
                elif one["seq_no"] > len(stored.readings):
                    return 409, {"error": {"zh": "缺读数", "en": "gap"}}
            if body.get("close"):
                stored.close = body["close"]
            return 200, {"acked_frame": len(stored.frames), "acked_reading": len(stored.readings)}

    def whole(self, session):
        """Whether the session is closed and its chain unbroken from the header to the closing head."""
        stored = self.sessions[session]
        verdict = verify(stored.header, stored.frames)
        head = verdict.head if stored.frames else header_hash(stored.header)
        return bool(
            verdict.unbroken
            and stored.close
            and (stored.close["count"], stored.close["head"]) == (verdict.count, head.hex())
        )

    def listen(self):
        """Serve over HTTP on a free port; returns (base address, stop)."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                path = self.path.removeprefix("/devices/api/")
                if self.headers.get("Authorization") != "Bench secret":
                    return self.answer(401, {"error": {"zh": "令牌无效", "en": "unknown token"}})
                chance = outer._draw.random() if path == "ingest" else 1.0
                if chance < outer._refusing:
                    return self.answer(503, {})
                status, found = outer.post(path, body)
                if chance < outer._refusing + outer._losing:
                    self.close_connection = True  # committed, but the answer is lost
                    return None
                return self.answer(status, found)

            def answer(self, status, found):
                data = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def stop():
            server.shutdown()
            server.server_close()

        return f"http://127.0.0.1:{server.server_port}", stop
