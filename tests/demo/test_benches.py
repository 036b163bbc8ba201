"""The demonstration bench knows every simulated rig, with the profile it is really read with."""

from devices.simulators import SERIALS, demo_rigs
from lims.demo.benches import MORE, PORTS
from lims.demo.equipment import DEVICES


def test_the_bench_is_wired_as_the_simulators_are(tmp_path):
    wired = PORTS | MORE
    with demo_rigs(tmp_path) as rigs:
        known = {name: f"{rig.profile_id}.toml" for name, rig in rigs.rigs.items() if rig.profile_id}
    assert {name: file for name, (file, _) in wired.items()} == known
    assert {name: DEVICES[number]["serial"] for name, (_, number) in wired.items()} == {
        name: serial for name, serial in SERIALS.items() if not name.startswith("unknown-")
    }
