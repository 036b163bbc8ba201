"""The agent as one file: built here, run in an empty folder by a bare Python, and a whole session comes out of it."""

import os
import subprocess
import sys
import zipfile

import pytest

from devices import bundle
from devices.agent import VERSION
from devices.simulators import SERIALS, demo_rigs
from tests.devices.pure.fake_server import FakeServer
from tests.devices.pure.test_agent import closing, order, until


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return bundle.build(tmp_path_factory.mktemp("dist"))


def run(built, *arguments, folder, **more):
    """A bare Python: isolated, without site-packages, in a clean environment."""
    clean = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(built), *arguments],
        cwd=folder, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,
    )  # fmt: skip


def said(built, *arguments, folder):
    process = run(built, *arguments, folder=folder)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_it_carries_only_what_it_needs_and_the_licence_of_what_is_not_ours(built):
    assert built.name == f"lims-agent-{VERSION}.pyz"
    with zipfile.ZipFile(built) as archive:
        names = archive.namelist()
        assert "Chris Liechti" in archive.read("LICENCES/pyserial.txt").decode()
    assert {name.split("/")[0] for name in names} == {"__main__.py", "devices", "lims", "serial", "LICENCES"}
    ours = {name for name in names if name.startswith(("devices/", "lims/")) and name.endswith(".py")}
    packages = ("devices/agent/", "devices/protocols/", "devices/profiles/")
    assert {name for name in ours if not name.startswith(packages)} == {
        "devices/__init__.py", "lims/__init__.py", *(f"lims/core/{name}.py" for name in ("__init__", "canonical", "strict", "text")),
    }  # fmt: skip
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert built.stat().st_size < 1_000_000


def test_the_same_sources_give_the_same_bytes(built, tmp_path):
    assert bundle.build(tmp_path).read_bytes() == built.read_bytes()


def test_a_session_goes_through_the_one_file(built, tmp_path):
    server = FakeServer()
    address, stop = server.listen()
    empty, data = tmp_path / "empty", tmp_path / "data"
    empty.mkdir()
    data.mkdir()
    (data / "token").write_text("secret\n")
    with demo_rigs(tmp_path / "rigs", seed=1, speed=50) as rigs:
        bench = rigs.folder / "bench.toml"
        process = run(
            built, "--server", address, "--data", str(data), "--bench", str(bench), "--page-port", "0", folder=empty
        )
        try:
            until(lambda: server.polls and "evse-ac" in {one["name"] for one in server.polls[-1]["ports"]})
            opened = order("evse-ac")
            server.orders.append(opened)
            until(lambda: opened["session"] in server.sessions and server.sessions[opened["session"]].readings)
            server.orders.append(closing(opened))
            until(lambda: server.sessions[opened["session"]].close)
        finally:
            process.terminate()
            _, err = process.communicate(timeout=60)
            stop()
    assert process.returncode == 0, err
    assert server.whole(opened["session"])
    assert server.sessions[opened["session"]].header["serial_read"] == SERIALS["evse-ac"]
    assert server.polls[-1]["clock"]["ntp"] in ("synchronised", "unsynchronised", "unknown")
    assert list(empty.iterdir()) == []


def test_it_says_what_is_missing_and_how_to_go_on(built, tmp_path):
    code, out, _ = said(built, "--version", folder=tmp_path)
    assert (code, out.strip()) == (0, VERSION)
    code, _, err = said(built, folder=tmp_path)
    assert code == 2 and "--server" in err
    code, _, err = said(built, "--server", "http://127.0.0.1:9", folder=tmp_path)
    assert code == 2 and "令牌" in err and "token" in err
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "lims-agent").mkdir()
    (tmp_path / "lims-agent" / "token").write_text("secret")
    code, _, err = said(built, "--server", "lims.example", folder=tmp_path)
    assert code == 2 and "no http or https address" in err
    assert "schema" in (tmp_path / "lims-agent" / "bench.toml").read_text("utf-8"), "a first bench file was written"
    assert said(built, "--ports", folder=tmp_path)[0] == 0
