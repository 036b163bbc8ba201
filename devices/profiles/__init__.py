"""Rig profiles: what an instrument on a serial line says and how to ask it, as data (TOML, schema rig/1)."""

from functools import cache
from importlib.resources import files

from devices.profiles.loader import ProfileErrors, load_profile
from devices.profiles.model import Profile

__all__ = ["Profile", "ProfileErrors", "load_profile", "shipped", "shipped_profile"]


@cache
def shipped() -> dict[str, Profile]:
    """Every profile that comes with the program, by id. The program may lie in a folder or in a zip file."""
    texts = sorted(
        (one.name, one.read_text("utf-8")) for one in files(__name__).iterdir() if one.name.endswith(".toml")
    )
    profiles = [load_profile(text, name=name) for name, text in texts]
    return {profile.id: profile for profile in profiles}


def shipped_profile(identifier: str) -> Profile:
    """One shipped profile. Raises KeyError."""
    return shipped()[identifier]
