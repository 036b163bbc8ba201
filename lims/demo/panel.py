"""The simulated instruments as a person stands before them: what they show, and the knobs they have.

The simulators run in a process of their own; this reads the state they publish and leaves commands for them.
"""

import json
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings

COMMANDS = {"start": "evse-ac", "stop": "evse-ac", "fill": "dispenser"}


def folder() -> Path:
    return Path(settings.SIMULATORS_DIR)


def rigs() -> dict[str, Any]:
    """What each simulated instrument shows now; empty while the simulators do not run."""
    try:
        state = json.loads((folder() / "state.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    # Templates cannot name a key with a hyphen.
    return {name.removesuffix("-ac"): shown for name, shown in state.get("rigs", {}).items()}


def order(do: str, **values: str) -> None:
    """Leaves one command. Raises KeyError for an unknown one, FileNotFoundError while the simulators do not run."""
    command = {"rig": COMMANDS[do], "do": do, **values}
    control = folder() / "control"
    draft = control / f".{secrets.token_hex(8)}"
    draft.write_text(json.dumps(command), "utf-8")
    draft.rename(control / f"{secrets.token_hex(8)}.json")
