"""The main job once, unattended: one AC charging pile and one fuel dispenser, from acceptance to sealed certificates.

Every step goes through the services that the pages use; every reading of a rig crosses a pseudo-terminal.
"""

import secrets
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certificates.models import Certificate
from certificates.services import approve_and_issue
from devices import profiles
from devices.models import Bench, CaptureSession, Reading
from devices.services import (
    approve_profile,
    close_session,
    configure_port,
    open_session,
    register_bench,
    register_profile,
)
from instruments.models import Record, Task
from instruments.selectors import paths
from instruments.selectors.record import record_data
from instruments.services import entries, recording, work
from lims.core import jobs
from lims.demo import benches, ledger, people, rigs
from lims.people.models import Organisation, User
from standards.models import Device
from standards.selectors.procedures import pack_of

SPEED = 60.0


@dataclass
class Job:
    """One verification under way."""

    task: Task
    record: Record
    session: CaptureSession
    technician: User

    def put(self, values: dict[str, str | Reading]) -> None:
        """Saves values by path in one commit: text is typed, a Reading is taken from the rig. Raises RuntimeError when refused."""
        drafts = [
            entries.Draft(client_id=uuid.uuid4(), path=path, value=value)
            if isinstance(value, str)
            else entries.Draft(client_id=uuid.uuid4(), path=path, value=value.value, reading=value.pk)
            for path, value in values.items()
        ]
        saved = entries.save_entries(self.record, by=self.technician, drafts=drafts)
        if saved.refused or saved.clashes:
            raise RuntimeError("; ".join(f"{draft.path}: {why[0].text.zh}" for draft, why in saved.refused))


def run(*, seed: int = 1, speed: float = SPEED, say: Callable[[str], None] = lambda text: None) -> list[Certificate]:
    """Does the job on new rows and returns the two issued certificates. Loads the demonstration institute when needed."""
    staff = {account.username: User.objects.get(username=account.username) for account in people.ACCOUNTS}
    with tempfile.TemporaryDirectory(prefix="lims-walkthrough-") as folder:
        bench = _bench(staff)
        with rigs.running(bench, Path(folder), seed=seed, speed=speed) as running:
            finished = [
                _verify(running, staff, owner=people.POWER, code="JJG 1148", port="evse-ac", measure=_charge, say=say),
                _verify(running, staff, owner=people.FUEL, code="JJG 443", port="dispenser", measure=_fill, say=say),
            ]
    bench.active = False
    bench.save(update_fields=["active"])
    certificates = [_sign(task, staff, say) for task in finished]
    jobs.run_due()
    for certificate in certificates:
        # Where a worker runs beside this command, it may have claimed the job and be sealing right now.
        rigs.wait_for(lambda one=certificate: _sealed(one), f"the seal of {certificate}")  # type: ignore[misc]
        say(f"{certificate} {certificate.get_state_display()}")
    return certificates


def _sealed(certificate: Certificate) -> bool:
    certificate.refresh_from_db()
    return certificate.state != Certificate.State.SEALING


def _bench(staff: dict[str, User]) -> Bench:
    """A bench of this run's own, wired like the demonstration bench."""
    bench, _token = register_bench(f"演示走查 {secrets.token_hex(4)}", by=staff["jishu"])
    folder = Path(profiles.__file__).parent
    for port, (file, number) in benches.PORTS.items():
        profile = approve_profile(
            register_profile((folder / file).read_text("utf-8"), by=staff["jishu"]), by=staff["jishu"]
        )
        configure_port(
            bench, port, profile=profile, equipment=Device.objects.get(asset_number=number), by=staff["jishu"]
        )
    return bench


def _verify(
    running: rigs.Running,
    staff: dict[str, User],
    *,
    owner: str,
    code: str,
    port: str,
    measure: Callable[[rigs.Running, Job], None],
    say: Callable[[str], None],
) -> Task:
    """From acceptance to the submitted record."""
    technician = staff["jiandingyuan"]
    instrument = ledger.enter(owner, f"WALK-{secrets.token_hex(4).upper()}", by=staff["shouli"])
    (task,) = work.accept(
        by=staff["shouli"], organisation=Organisation.objects.get(name=owner), place=ledger.site(owner).name,
        wanted=[work.Wanted(instrument=instrument, procedure=ledger.procedure(code), kind="subsequent")],
    )  # fmt: skip
    task = work.assign(
        task, by=staff["jishu"], version=task.version, technician=technician, checker=staff["heyanyuan"],
        approver=staff["pizhunren"],
    )  # fmt: skip
    record = recording.start(task, by=technician, version=task.version, serial=instrument.serial)
    say(f"{task} {instrument} 开始")
    channel = running.bench.ports.get(name=port)
    rigs.wait_for(lambda: _heard(channel), f"the agent of {channel}")
    session = rigs.capturing(open_session(channel, by=technician))
    recording.use_session(record, by=technician, session=session)
    recording.choose_devices(record, by=technician, devices=_devices(task))
    job = Job(task, record, session, technician)
    job.put({"environment.temperature[0]": "22.6", "environment.humidity[0]": "51"})
    job.put(_judged(record))
    measure(running, job)
    job.put({"environment.temperature[1]": "22.9", "environment.humidity[1]": "50"})
    close_session(session, by=technician)
    rigs.closed(session)
    task.refresh_from_db()
    recording.submit(task, by=technician, version=task.version, passphrase=people.PASSWORD)
    task.refresh_from_db()
    say(f"{task} 提交，原始帧 {session.frame_count}，读数 {session.reading_count}")
    return task


def _heard(port: Any) -> bool:
    port.bench.refresh_from_db()
    port.refresh_from_db()
    return bool(port.bench.seen_at) and port.state == "idle"


def _devices(task: Task) -> dict[str, list[Device]]:
    """The demonstration devices by the roles that the procedure asks for."""
    roles = {required.role for required in pack_of(task.procedure).required_devices}
    return {role: [one for one in Device.objects.order_by("pk") if role in one.roles][:1] for role in sorted(roles)}


def _judged(record: Record) -> dict[str, str | Reading]:
    """Every check by eye passes."""
    data = record_data(record)
    return {f"judged.{path}": "pass" for path, _value in paths.leaves(data["judged"]) if path.endswith(".result")}


def _charge(running: rigs.Running, job: Job) -> None:
    """Two charging runs at 32 A: the pile's display is typed, the reference meter is read."""
    rig, row = running.rigs.evse, "items.working_error.rows[0]"
    job.put({f"{row}.values.I": "32"})
    for run in range(2):
        at = f"{row}.runs[{run}]"
        job.put({f"{at}.E_pile_start": rig.display()["energy"], f"{at}.E_std_start": rigs.fresh(job.session, "E")})
        rig.start(load_a="32", seconds="300")
        if run == 0:
            rigs.wait_for(lambda: float(rigs.fresh(job.session, "I").value) > 30, "the load to rise")
            job.put({f"{row}.readings.{name}": rigs.fresh(job.session, name) for name in ("U", "I", "P")})
        rig.wait()
        job.put({f"{at}.E_pile_end": rig.display()["energy"], f"{at}.E_std_end": rigs.fresh(job.session, "E")})


def _fill(running: rigs.Running, job: Job) -> None:
    """Three filling runs: display and neck are typed, the thermometers are read; then the amount."""
    rig, row = running.rigs.dispenser, "items.indication.rows[0]"
    job.put({f"{row}.values.flow": "40"})
    for run in range(3):
        at = f"{row}.runs[{run}]"
        rig.fill(flow="40")
        rig.wait()
        shown = rig.display()
        job.put(
            {
                f"{at}.VJ": shown["volume"],
                f"{at}.h": shown["neck_mm"],
                f"{at}.tJ": rigs.fresh(job.session, "t_nozzle"),
                f"{at}.tB": rigs.fresh(job.session, "t_tank"),
            }
        )
    pay = "items.payment.rows[0].readings"
    job.put(
        {
            f"{pay}.unit_price": shown["unit_price"], f"{pay}.volume": shown["volume"], f"{pay}.amount": shown["amount"],
            f"{pay}.payment_step": "0.01",
        }
    )  # fmt: skip


def _sign(task: Task, staff: dict[str, User], say: Callable[[str], None]) -> Certificate:
    """Check and approval by two other people, each for the very record that was submitted."""
    digest = task.records.filter(state=Record.State.FROZEN).latest("attempt").sha256
    task = work.check(
        task, by=staff["heyanyuan"], version=task.version, record_sha256=digest, passphrase=people.PASSWORD
    )
    certificate = approve_and_issue(
        task, by=staff["pizhunren"], version=task.version, record_sha256=digest, passphrase=people.PASSWORD
    )
    say(f"{task} 批准，证书 {certificate}")
    return certificate
