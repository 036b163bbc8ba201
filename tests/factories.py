"""A small institute for tests: named people, a customer's pile, a reference meter with its standard, a bench.

Rows are written directly where a service of another app would only cost time; whatever a test is about goes through
its own service.
"""

import uuid
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from django.utils import timezone

from devices.models import Bench, CaptureSession, Port, Reading, RigProfile
from devices.profiles import shipped_profile
from instruments.models import Instrument, Record, SubUnit, Task
from instruments.selectors.record import sheet
from instruments.services import entries, recording, work
from lims.core import canonical, search
from lims.people.models import Authorisation, Organisation, User, UserRole
from standards.models import (
    Category,
    CertifiedValue,
    Device,
    DeviceCertificate,
    DeviceState,
    MeasurementStandard,
    ProcedureVersion,
    StandardDevice,
    StandardLicence,
    StandardState,
)
from standards.procedures import load_pack
from standards.selectors.snapshots import certificate_facts
from standards.services.procedures import PACKS

PASSWORD = "correct horse battery"
PEOPLE = {
    "receptionist": ("业务受理员", ("receptionist",)),
    "technician": ("检定员甲", ("technician",)),
    "colleague": ("检定员乙", ("technician", "checker")),
    "checker": ("核验员丙", ("checker",)),
    "approver": ("批准人丁", ("approver",)),
    "lead": ("技术负责人戊", ("technical_lead",)),
    "quality": ("质量负责人己", ("quality_manager",)),
    "auditor": ("审核员庚", ("auditor",)),
    "administrator": ("系统管理员辛", ("administrator",)),
}
ACTS = {"technician": ("verify",), "colleague": ("verify", "check"), "checker": ("check",), "approver": ("approve",)}


def today() -> date:
    return timezone.localdate()


def person(key: str, name: str, organisation: Organisation, *roles: str) -> User:
    user = User(username=key, display_name=name, organisation=organisation)
    user.set_password(PASSWORD)
    user.save()
    UserRole.objects.bulk_create(UserRole(user=user, role=role) for role in roles)
    return user


def authorise(user: User, act: str, scope: str = "charging_pile_ac", *, until: date | None = None) -> Authorisation:
    return Authorisation.objects.create(
        user=user,
        scope_kind="category",
        scope=scope,
        act=act,
        valid_from=today() - timedelta(days=400),
        valid_until=until or today() + timedelta(days=400),
    )


def people() -> SimpleNamespace:
    """The institute's people by role, two customers with a user each (甲方, 乙方), and a stranger without any role."""
    institute = Organisation.objects.create(
        kind="institute", name="示范区计量质量检测所", name_en="Demonstration Institute"
    )
    alpha = Organisation.objects.create(kind="customer", name="甲充电有限公司", address="示范区甲路")
    beta = Organisation.objects.create(kind="customer", name="乙石油有限公司", address="示范区乙路")
    found: dict[str, Any] = {"institute": institute, "alpha": alpha, "beta": beta}
    for key, (name, roles) in PEOPLE.items():
        found[key] = person(key, name, institute, *roles)
    found["customer"] = person("customer", "甲方用户", alpha, "customer")
    found["other_customer"] = person("other_customer", "乙方用户", beta, "customer")
    found["stranger"] = person("stranger", "陌生人", beta)
    for key, acts in ACTS.items():
        for act in acts:
            for scope in Category.values:
                authorise(found[key], act, scope)
    return SimpleNamespace(**found)


def procedure(name: str = "jjg-1148-2022") -> ProcedureVersion:
    """An approved version of a shipped pack, in force for years."""
    text = (PACKS / f"{name}.toml").read_text(encoding="utf-8")
    pack = load_pack(text)
    return ProcedureVersion.objects.create(
        code=pack.code,
        edition=pack.edition,
        title=pack.title.zh,
        title_en=pack.title.en,
        categories=list(pack.categories),
        sha256=pack.sha256,
        source=text,
        in_force_from=pack.in_force_from or date(2023, 1, 1),
        state=ProcedureVersion.State.APPROVED,
        approved_by=User.objects.get(username="lead"),
    )


def pile(organisation: Organisation, serial: str = "EV-0001", **changes: Any) -> Instrument:
    fields = {
        "ledger_number": f"QJ-{serial}",
        "organisation": organisation,
        "category": "charging_pile_ac",
        "name": "交流充电桩",
        "name_en": "AC charging pile",
        "model": "AC-7kW",
        "manufacturer": "示范桩厂",
        "serial": serial,
        "accuracy_class": "2",
        "measuring_range": "220 V，6～32 A",
        "parameters": {"accuracy_class": "2", "U_nominal": "220", "I_max": "32", "I_min": "6", "time_of_use": "no"},
    } | changes
    return Instrument.objects.create(**fields, search=search.tokens(fields["name"], fields["model"], serial))


def nozzle(instrument: Instrument, label: str = "1号枪") -> SubUnit:
    return SubUnit.objects.create(instrument=instrument, kind="nozzle", label=label)


def device(number: str = "BZ-001", *, roles: tuple[str, ...] = ("reference_meter",), **changes: Any) -> Device:
    """A device in use for a year, with a confirmed certificate valid for one more."""
    fields = {
        "name": "交流充电桩检定装置",
        "name_en": "AC charging-pile verification device",
        "model": "EV-AC",
        "serial": f"S-{number}",
        "manufacturer": "示范仪器厂",
        "roles": list(roles),
        "measuring_range": "0～63 A，220 V",
        "accuracy": "0.05级",
        "accuracy_class": "0.05",
    } | changes
    made = Device.objects.create(asset_number=number, **fields)
    DeviceState.objects.create(device=made, state="in_use", since=today() - timedelta(days=365))
    certify(made)
    return made


def certify(device: Device, *, until: date | None = None, values: dict[str, str] | None = None) -> DeviceCertificate:
    lead, other = User.objects.get(username="lead"), User.objects.get(username="quality")
    certificate = DeviceCertificate.objects.create(
        device=device,
        number=f"DC-{device.asset_number}-{uuid.uuid4().hex[:6]}",
        kind="verification",
        issuer="示范市计量测试技术研究院",
        calibrated_on=today() - timedelta(days=60),
        valid_until=until or today() + timedelta(days=300),
        outcome="pass",
        entered_by=lead,
    )
    for name, value in (values or {}).items():
        CertifiedValue.objects.create(certificate=certificate, name=name, value=value)
    DeviceCertificate.objects.filter(pk=certificate.pk).update(
        state="confirmed",
        confirmed_by=other,
        confirmed_at=timezone.now(),
        content_sha256=canonical.sha256(certificate_facts(certificate)),
    )
    return certificate


def standard(*devices: Device, codes: tuple[str, ...] = ("JJG 1148",), code: str = "14114700") -> MeasurementStandard:
    """A measurement standard in use, both licences valid, with these devices as masters."""
    made = MeasurementStandard.objects.create(
        name="电动汽车交流充电桩检定装置", name_en="AC charging-pile standard", code=code, procedure_codes=list(codes)
    )
    since = today() - timedelta(days=365)
    StandardState.objects.create(standard=made, state="in_use", since=since)
    for kind in ("examination", "public"):
        StandardLicence.objects.create(
            standard=made,
            kind=kind,
            number=f"{code}-{kind}",
            issued_on=since,
            valid_until=today() + timedelta(days=900),
        )
    for one in devices:
        StandardDevice.objects.create(standard=made, device=one, part="master", since=since)
    return made


def laboratory() -> SimpleNamespace:
    """People, the pile procedure, a pile of 甲充电有限公司, the meter and its standard: ready to work."""
    found = people()
    found.procedure = procedure()
    found.pile = pile(found.alpha)
    found.meter = device()
    found.standard = standard(found.meter)
    return found


def accepted(lab: SimpleNamespace, instrument: Instrument | None = None) -> Task:
    wanted = work.Wanted(instrument=instrument or lab.pile, procedure=lab.procedure, kind="subsequent")
    return work.accept(by=lab.receptionist, organisation=lab.alpha, wanted=[wanted], place="甲路充电站")[0]


def assigned(lab: SimpleNamespace, **people: User | None) -> Task:
    task = accepted(lab)
    return work.assign(task, by=lab.lead, version=task.version, technician=lab.technician, **people)


def recording_(lab: SimpleNamespace) -> Record:
    task = assigned(lab)
    record = recording.start(task, by=lab.technician, version=task.version, serial=lab.pile.serial)
    return recording.choose_devices(record, by=lab.technician, devices={"reference_meter": [lab.meter]})


def draft(path: str, value: str, **more: Any) -> entries.Draft:
    return entries.Draft(client_id=uuid.uuid4(), path=path, value=value, **more)


def type_(record: Record, by: User, path: str, value: str, **more: Any) -> entries.Saved:
    return entries.save_entries(record, by=by, drafts=[draft(path, value, **more)])


def complete_values(record: Record, error: str = "0.000") -> dict[str, str]:
    """A value for every place of a pile record: all judged good, energies as if the pile erred by `error` kWh in ten."""
    found = {}
    for path in sheet(record).places():
        name = path.rpartition(".")[2]
        if path.endswith(".result"):
            found[path] = "pass"
        elif path.startswith("environment."):
            found[path] = "23.0" if "temperature" in path else "50"
        elif name in ("E_pile_start", "E_std_start"):
            found[path] = "1.000" if name == "E_pile_start" else "5.000000"
        elif name == "E_pile_end":
            found[path] = f"{11 + float(error):.3f}"
        elif name == "E_std_end":
            found[path] = "15.000000"
        elif ".values." in path:
            found[path] = "32"
        elif path.startswith("items.") and name in ("U", "I", "P"):
            found[path] = {"U": "220.00", "I": "32.000", "P": "7.0400"}[name]
    return found


def complete(record: Record, by: User, error: str = "0.000") -> Record:
    drafts = [draft(path, value) for path, value in sorted(complete_values(record, error).items())]
    saved = entries.save_entries(record, by=by, drafts=drafts)
    assert not saved.refused and not saved.clashes, (saved.refused, saved.clashes)
    record.refresh_from_db()
    return record


def submitted(lab: SimpleNamespace) -> Record:
    record = complete(recording_(lab), lab.technician)
    return recording.submit(record.task, by=lab.technician, version=Task.objects.get(pk=record.task_id).version)


def fresh(task: Task) -> Task:
    return Task.objects.get(pk=task.pk)


def session(operator: User, equipment: Device, profile_id: str = "evse-ac-modbus") -> CaptureSession:
    """An open capture session on a bench of its own."""
    profile = shipped_profile(profile_id)
    row, _created = RigProfile.objects.get_or_create(
        sha256=profile.sha256, defaults={"identifier": profile.id, "title": profile.title.zh, "text": profile.text}
    )
    key = uuid.uuid4().hex
    bench = Bench.objects.create(name=f"工位 {key[:4]}", token_sha256=key)
    port = Port.objects.create(bench=bench, name="rig", profile=row, equipment=equipment)
    return CaptureSession.objects.create(
        port=port, profile=row, equipment=equipment, operator=operator, state="capturing", head="ab" * 32
    )


def reading(
    session: CaptureSession,
    value: str,
    *,
    channel: str = "E",
    quantity: str = "energy",
    unit: str = "kWh",
    quality: str = "good",
) -> Reading:
    number = session.readings.count() + 1
    return Reading.objects.create(
        session=session,
        seq_no=number,
        at=timezone.now(),
        channel=channel,
        quantity=quantity,
        value=value,
        unit=unit,
        quality=quality,
        tx_seq=2 * number,
        rx_seq=2 * number + 1,
    )
