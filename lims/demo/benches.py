"""The demonstration bench: the simulated rigs, the token of its agent, and the profiles they are read with."""

import secrets
from pathlib import Path

from django.conf import settings

from devices import profiles
from devices.models import Bench, Port
from devices.services import approve_profile, configure_port, register_bench, register_profile
from lims.demo.equipment import METER, RIGS, THERMOMETERS
from lims.people.models import User
from standards.models import Device

NAME = "演示工位"
PORTS = {"evse-ac": ("evse-ac-modbus.toml", METER), "dispenser": ("dispenser-rig.toml", THERMOMETERS)}
"""The two rigs of the main job: port, profile, asset number."""
MORE = {
    port: (file, RIGS[port].number)
    for port, file in {
        "evse-dc": "evse-dc-modbus.toml",
        "meter-3p": "meter-3p-modbus.toml",
        "meter": "meter-dlt645.toml",
        "balance": "balance-mtsics.toml",
        "balance-and": "balance-and.toml",
        "balance-sbi": "balance-sbi.toml",
        "balance-ohaus": "balance-ohaus.toml",
        "multimeter": "multimeter-scpi.toml",
        "pressure": "pressure-scpi.toml",
        "climate": "climate-modbus.toml",
    }.items()
}
"""The other simulated rigs. Those called unknown are left out: their bare ports appear when the agent reports them."""


def token_file() -> Path:
    return Path(settings.AGENT_TOKEN_FILE)


def load(people: dict[str, User]) -> Bench:
    """Registers the bench once, keeps its token in a file of the data directory, and wires the rigs to their devices."""
    bench, path = Bench.objects.filter(name=NAME).first(), token_file()
    if bench is None:
        token = path.read_text("ascii").strip() if path.exists() else secrets.token_urlsafe(32)
        bench, token = register_bench(NAME, by=people["jishu"], token=token)
        path.touch(mode=0o600)
        path.write_text(token, "ascii")
    folder = Path(profiles.__file__).parent
    for port, (file, number) in (PORTS | MORE).items():
        profile = approve_profile(
            register_profile((folder / file).read_text("utf-8"), by=people["jishu"]), by=people["jishu"]
        )
        if not Port.objects.filter(bench=bench, name=port, profile=profile).exists():
            configure_port(
                bench, port, profile=profile, equipment=Device.objects.get(asset_number=number), by=people["jishu"]
            )
    return bench
