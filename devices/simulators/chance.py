"""Chance that repeats: every draw of the simulators comes from a generator seeded here."""

import random


def chance(*seed: object) -> random.Random:
    """A generator that depends on nothing but the parts of its seed."""
    return random.Random("/".join(str(part) for part in seed))  # noqa: S311  # nosec B311 - simulated noise
