"""Reads about people. The viewer is the first argument; nobody sees more than the rules give them."""

from lims.people.selectors.expiry import Lapsing, lapsing
from lims.people.selectors.persons import (
    STAFF,
    Judged,
    active_key,
    find,
    history,
    how_to_sign,
    institute,
    is_staff,
    judged_signatures,
    keys_of,
    organisations,
    people,
    roles_of,
    signatures_of,
)

__all__ = [
    "STAFF",
    "Judged",
    "Lapsing",
    "active_key",
    "find",
    "history",
    "how_to_sign",
    "institute",
    "is_staff",
    "judged_signatures",
    "keys_of",
    "lapsing",
    "organisations",
    "people",
    "roles_of",
    "signatures_of",
]
