"""Having the newest head cosigned by witnesses: machines on which our administrators have no say."""

import logging
import urllib.error
import urllib.request
from dataclasses import dataclass

from django.conf import settings

from lims.audit import selectors
from lims.audit.models import Checkpoint, Cosignature
from lims.audit.tlog import note, tiles, witness
from lims.audit.tlog.note import NoteError, Verifier

log = logging.getLogger(__name__)
PATIENCE = 3.0
"""Seconds to wait for a witness."""
LONGEST = 4096


@dataclass(frozen=True)
class Witness:
    url: str
    key: Verifier


def witnesses() -> list[Witness]:
    """The witnesses of LIMS_WITNESSES. Raises NoteError when one is not an address and a public key."""
    found = []
    for entry in settings.LOG_WITNESSES:
        url, _, vkey = entry.partition(" ")
        if not url.startswith(("http://", "https://")):
            raise NoteError(f"LIMS_WITNESSES: {url!r} is no address")
        found.append(Witness(url.rstrip("/"), Verifier(vkey.strip())))
    return found


def collect() -> int:
    """Asks each witness that has not cosigned the newest head yet; how many did now. A witness that is away is only logged."""
    newest = selectors.newest_checkpoint()
    if newest is None:
        return 0
    have = set(newest.cosignatures.values_list("witness", flat=True))
    return sum(_ask(one, newest) for one in witnesses() if one.key.name not in have)


def _ask(one: Witness, newest: Checkpoint) -> bool:
    seen = Cosignature.objects.filter(witness=one.key.name).order_by("-checkpoint_id").first()
    old = seen.checkpoint_id if seen else 0
    try:
        status, body = _post(one, newest, old)
        if status == 409:  # it has seen another head than we remember
            status, body = _post(one, newest, int(body))
        if status != 200:
            raise NoteError(f"{status} {body.strip()[:200]}")
        text, _signatures = note.split(newest.note)
        note.read(note.write(text, [body]), [one.key])
    except (OSError, ValueError) as error:
        log.warning("witness %s did not cosign the head of %s entries: %s", one.key.name, newest.size, error)
        return False
    Cosignature.objects.get_or_create(checkpoint=newest, witness=one.key.name, defaults={"line": body})
    return True


def _post(one: Witness, newest: Checkpoint, old: int) -> tuple[int, str]:
    if old > newest.size:
        raise NoteError(f"the witness has seen {old} entries, we have {newest.size}")
    proof = tiles.Tree(newest.size, selectors.tile).consistency(old)
    request = urllib.request.Request(  # noqa: S310 - the scheme was judged in witnesses()
        f"{one.url}/add-checkpoint", witness.request(old, proof, newest.note).encode(), {"Content-Type": "text/plain"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.status, answer.read(LONGEST).decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(LONGEST).decode()
