"""Benches, and what hangs on their ports."""

import hashlib
import secrets

from django.db import transaction

from devices import rules
from devices.models import Bench, Port, RigProfile
from lims.audit.services import record
from lims.core.text import Reason, Refused, reason
from lims.people.models import User
from standards.models import Device


def _allowed(by: User | None, *more: Reason | None) -> None:
    """`by=None` is the installation itself."""
    found = [one for one in (rules.may_install(by) if by is not None else None, *more) if one]
    if found:
        raise Refused(*found)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def register_bench(name: str, *, by: User | None, token: str = "") -> tuple[Bench, str]:
    """A new bench and its token, which is shown once and kept nowhere. `by=None` is the installation itself."""
    name = name.strip()
    taken = None
    if Bench.objects.filter(name=name).exists():
        taken = reason(
            "bench_exists",
            f"已有名为“{name}”的工位",
            f"There is a bench named “{name}” already",
            "请换一个名称",
            "Choose another name",
            where="name",
        )
    _allowed(by, rules.may_rename(name), taken)
    token = token or secrets.token_urlsafe(32)
    bench = Bench.objects.create(name=name, token_sha256=_digest(token))
    record("bench.registered", by=by, obj=bench)
    return bench, token


@transaction.atomic
def rotate_token(bench: Bench, *, by: User) -> str:
    """A new token, shown once; the old one is void at once."""
    _allowed(by)
    token = secrets.token_urlsafe(32)
    Bench.objects.filter(pk=bench.pk).update(token_sha256=_digest(token))
    record("bench.token_rotated", by=by, obj=bench)
    return token


@transaction.atomic
def set_bench_active(bench: Bench, *, active: bool, by: User, why: str = "") -> None:
    """Enables or disables a bench. A disabled one is refused at the door; what it has captured waits in its outbox."""
    _allowed(by, None if active else rules.reason_given(why))
    if Bench.objects.filter(pk=bench.pk, active=not active).update(active=active):
        verb = "bench.enabled" if active else "bench.disabled"
        record(verb, by=by, obj=bench, payload={"reason": why.strip()} if why.strip() else {})


@transaction.atomic
def configure_port(bench: Bench, name: str, *, profile: RigProfile, equipment: Device, by: User | None) -> Port:
    """Says which rig hangs on a port. A port in use keeps the profile its session began with."""
    _allowed(by)
    port, _created = Port.objects.update_or_create(
        bench=bench, name=name, defaults={"profile": profile, "equipment": equipment}
    )
    record(
        "bench.port_configured", by=by, obj=port, payload={"profile": profile.sha256, "equipment": str(equipment.pk)}
    )
    return port


@transaction.atomic
def unbind_port(port: Port, *, by: User) -> Port:
    """Makes a port bare again. Its past sessions keep what they were recorded with."""
    _allowed(by, rules.port_is_free(port))
    Port.objects.filter(pk=port.pk).update(profile=None, equipment=None)
    record("bench.port_unbound", by=by, obj=port)
    port.refresh_from_db()
    return port
