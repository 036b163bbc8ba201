"""Reading an instrument a few times without a session: what `manage.py rig read` shows."""

import time
from collections.abc import Mapping
from typing import Any

from devices.agent.reader import Reader, Sample, Unidentified
from devices.profiles.model import Profile
from devices.protocols.exchange import Quality


def read_rig(
    profile: Profile, port: str, *, count: int = 1, settings: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Identity, then every channel `count` times at the profile's period, with all frames in hex.

    Raises DataError for a setting that does not exist, PortLost when the port is missing, busy or vanishes.
    """
    chosen = profile.with_overrides(settings or {})
    with Reader(chosen, port) as reader:
        identity: dict[str, Any] = {"serial": "", "quality": Quality.OK.value, "text": {"zh": "", "en": ""}}
        try:
            identity["serial"] = reader.identify()
        except Unidentified as error:
            identity |= {"quality": error.trouble.quality.value, "text": error.text.as_json()}
        samples = []
        due = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + chosen.timing.poll_ms / 1000, time.monotonic())
            samples.append(
                {"number": number + 1, "channels": {one.channel: _row(one, reader) for one in reader.read()}}
            )
    return {
        "schema": "rig-read/1",
        "profile": {"id": profile.id, "revision": profile.revision, "sha256": profile.sha256},
        "port": port,
        "identity": identity,
        "samples": samples,
        "frames": [{"seq": seq, "dir": direction, "raw": raw.hex()} for seq, direction, raw in reader.frames.rows],
    }


def _row(sample: Sample, reader: Reader) -> dict[str, Any]:
    raw = {seq: data.hex() for seq, _, data in reader.frames.rows}
    return {
        "value": sample.printed or None,
        "unit": sample.unit,
        "quality": sample.quality.value,
        "quantity": sample.quantity,
        "role": sample.role,
        "text": sample.text.as_json(),
        "at_ns": sample.at_ns,
        "frames": {"tx": raw.get(sample.tx or 0, ""), "rx": raw.get(sample.rx or 0, "")},
    }
