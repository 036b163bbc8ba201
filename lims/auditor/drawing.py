"""Drawing a sample that everybody can draw again: the same seed and the same certificates give the same sample.

The rule, complete:

1. The rank of a certificate is the SHA-256 of the UTF-8 text `seed`, one line feed, `number`, as lower-case hexadecimal.
2. Certificates with the same stratum (for us category and technician) form a group. Of n to draw from N, a group of size g
   is due n·g/N. Each gets the whole part of it; what is left goes one by one to the groups with the largest fraction,
   equal fractions by the name of the stratum in the order of its UTF-8 bytes. When n is at least the number of groups,
   every group that would get none first takes one from the group that has the most (the last of these by name).
3. From each group come the certificates of lowest rank. The sample is listed by rank.

Plain Python and whole numbers only. A seed that nobody could choose (the numbers of a public lottery of a day agreed on
before) shows that nobody chose the sample.
"""

import hashlib
from collections.abc import Mapping

MOST = 1000


def listing(strata: Mapping[str, str]) -> str:
    """A population in writing: `number<TAB>stratum`, one a line, sorted. Its SHA-256 fixes what a sample was drawn from."""
    return "".join(f"{number}\t{strata[number]}\n" for number in sorted(strata))


def read(text: str) -> dict[str, str]:
    """The stratum of each number in a listing. Raises ValueError unless it is written as `listing` writes it."""
    found = dict(line.split("\t") for line in text.split("\n")[:-1])
    if listing(found) != text:
        raise ValueError("not a listing of a population")
    return found


def rank(seed: str, number: str) -> str:
    """Where a certificate stands: hexadecimal SHA-256 of seed and number."""
    return hashlib.sha256(f"{seed}\n{number}".encode()).hexdigest()


def shares(groups: Mapping[str, int], wanted: int) -> dict[str, int]:
    """How many of each group are drawn. groups: the size of each, by its name. Never more than a group has."""
    total = sum(groups.values())
    wanted = min(wanted, total)
    names = sorted(groups, key=str.encode)
    if not wanted:
        return dict.fromkeys(names, 0)
    due = {name: divmod(wanted * groups[name], total) for name in names}
    found = {name: whole for name, (whole, _) in due.items()}
    left = wanted - sum(found.values())
    for name in sorted(names, key=lambda one: -due[one][1])[:left]:
        found[name] += 1
    if wanted >= len(names):
        for name in names:
            if not found[name]:
                richest = max(reversed(names), key=lambda one: found[one])
                found[richest] -= 1
                found[name] += 1
    return found


def draw(strata: Mapping[str, str], *, seed: str, wanted: int) -> list[str]:
    """The numbers drawn, by rank. strata: the stratum of each certificate, by its number."""
    groups: dict[str, list[str]] = {}
    for number, stratum in strata.items():
        groups.setdefault(stratum, []).append(number)
    due = shares({name: len(numbers) for name, numbers in groups.items()}, wanted)
    drawn = [
        number
        for name, numbers in groups.items()
        for number in sorted(numbers, key=lambda one: rank(seed, one))[: due[name]]
    ]
    return sorted(drawn, key=lambda one: rank(seed, one))
