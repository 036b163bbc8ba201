"""The agent of one bench: records from the rigs on this computer's serial ports and sends what was recorded to the server.

First start: `python lims-agent.pyz --server https://lims.example`. It asks for the token that the server showed once when the
bench was registered, writes a bench file with the serial ports it finds, and keeps both beside what it captures.
"""

import argparse
import getpass
import logging
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from devices.agent import VERSION
from devices.agent.bench import load_bench, starter
from devices.agent.cable import found_ports
from devices.agent.page import PageServer
from devices.agent.service import Agent
from devices.agent.upload import HttpLink
from devices.profiles import ProfileErrors
from lims.core.text import Text

PATIENCE = 60.0
"""Seconds to wait for token and bench file: beside a server that is being set up they appear a little later."""
PAGE_PORT = 8765
WRONG_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    if asked.ports:
        for device, about in found_ports():
            sys.stdout.write(f"{device}\t{about}\n")
        return 0
    if not asked.server:
        return _wrong(Text("请用 --server 给出服务器地址", "Give the server's address with --server"))
    logging.basicConfig(
        level=logging.INFO if asked.verbose else logging.WARNING, format="%(asctime)s agent: %(message)s"
    )
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    parent = os.getppid()
    token_file = asked.token_file or asked.data / "token"
    bench_file = asked.bench or asked.data / "bench.toml"
    try:
        if asked.token_file is None and not token_file.exists() and not _ask_for_token(token_file):
            return _wrong(Text(f"没有令牌文件 {token_file}", f"There is no token file {token_file}"))
        if asked.bench is None and not bench_file.exists():
            _write_starter(bench_file)
        if missing := _awaited((token_file, bench_file), done, parent if asked.with_parent else None):
            return 0 if done.is_set() else _wrong(Text(f"没有找到文件 {missing}", f"File not found: {missing}"))
        bench = load_bench(bench_file)
        link = HttpLink(asked.server, token_file.read_text("utf-8").strip(), ca=asked.ca)
        agent = Agent(bench, link, asked.data)
    except (ProfileErrors, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    if asked.send_again:
        agent.outbox.offer_everything()
    page = _page(agent, asked.page_port)
    agent.start()
    while not done.wait(1) and not (asked.with_parent and os.getppid() != parent):
        pass
    if page is not None:
        page.close()
    agent.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lims-agent", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--server", help="address of the server, such as https://lims.example")
    parser.add_argument("--data", type=Path, default=Path("lims-agent"), help="folder for what was captured")
    parser.add_argument("--token-file", type=Path, help="file with the token of this bench (default: DATA/token)")
    parser.add_argument("--bench", type=Path, help="bench file: ports and profiles (default: DATA/bench.toml)")
    parser.add_argument("--ca", type=Path, help="certificate of the institute's own authority (PEM), for https")
    parser.add_argument(
        "--page-port", type=int, default=PAGE_PORT, help="port of the agent's own page on this computer; 0: no page"
    )
    parser.add_argument(
        "--send-again", action="store_true", help="after a restore of the server: offer it everything kept here"
    )
    parser.add_argument("--ports", action="store_true", help="list the serial ports of this computer and end")
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that started this one has ended"
    )
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--version", action="version", version=VERSION)
    return parser


def _wrong(text: Text) -> int:
    sys.stderr.write(f"{text.zh} / {text.en}\n")
    return WRONG_INPUT


def _ask_for_token(path: Path) -> bool:
    """First start: let the person paste the token; False when nobody is there to do so. Raises OSError."""
    if not sys.stdin.isatty():
        return False
    token = getpass.getpass(
        "请粘贴服务器登记工位时显示的令牌 / Paste the token the server showed for this bench: "
    ).strip()
    if not token:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(token, "ascii")
    return True


def _write_starter(path: Path) -> None:
    """First start: a bench file with every serial port that is there, each bare. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(starter(platform.node() or "bench", found_ports()), "utf-8")
    sys.stderr.write(
        f"已写出工位文件 {path}，请按其中说明修改后重新启动 / A bench file was written: {path}; edit it and start again\n"
    )


def _awaited(paths: Sequence[Path], done: threading.Event, parent: int | None) -> Path | None:
    """The first of the files that is not there after a while, None when all are."""
    end = time.monotonic() + PATIENCE
    while missing := next((path for path in paths if not path.exists()), None):
        if parent is not None and os.getppid() != parent:
            done.set()
        if time.monotonic() > end or done.wait(0.5):
            return missing
    return None


def _page(agent: Agent, port: int) -> PageServer | None:
    if not port:
        return None
    try:
        page = PageServer(agent, port)
    except (OSError, OverflowError) as error:
        sys.stderr.write(
            f"本机页面打不开（端口 {port}：{error}），采集不受影响 / No page on port {port}: {error}; recording goes on\n"
        )
        return None
    sys.stderr.write(f"本机页面 / page on this computer: {page.address}\n")
    return page


if __name__ == "__main__":
    sys.exit(main())
