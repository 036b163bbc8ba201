"""The people of the demonstration institute and its customers. All fictitious, named by what they do."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from lims.auditor.models import Grant
from lims.auditor.services import grant
from lims.core import clock
from lims.people import services
from lims.people.models import Authorisation, Department, Organisation, Role, User, UserRole
from lims.people.services.keys import create_key

PASSWORD = "demo-Lims-2026"  # noqa: S105  (shown on purpose: the accounts of a demonstration)
CATEGORIES = ("charging_pile_ac", "charging_pile_dc", "fuel_dispenser", "scale_digital", "pressure_gauge")
POWER, FUEL = "示范充电运营有限公司", "示范加油站有限公司"


@dataclass(frozen=True)
class Account:
    """One demonstration account; `acts` are the authorisations it holds for every category."""

    username: str
    name: str
    name_en: str
    roles: tuple[str, ...]
    acts: tuple[str, ...] = ()
    organisation: str = ""
    title: str = ""
    title_en: str = ""


ACCOUNTS = (
    Account("shouli", "受理员", "Receptionist", (Role.RECEPTIONIST,)),
    Account("jiandingyuan", "检定员甲", "Technician A", (Role.TECHNICIAN,), ("verify",)),
    Account("jiandingyuan2", "检定员丁", "Technician D", (Role.TECHNICIAN, Role.CHECKER), ("verify", "check")),
    Account("heyanyuan", "核验员乙", "Checker B", (Role.CHECKER, Role.TECHNICIAN), ("check", "verify")),
    Account(
        "pizhunren", "批准人丙", "Approver C", (Role.APPROVER,), ("approve",),
        title="授权签字人", title_en="Authorised signatory",
    ),
    Account("jianxi", "见习员戊", "Trainee E", (Role.TECHNICIAN,)),
    Account("jishu", "技术负责人", "Technical Lead", (Role.TECHNICAL_LEAD,)),
    Account("zhiliang", "质量负责人", "Quality Manager", (Role.QUALITY_MANAGER,)),
    Account("shenhe", "审核员", "Auditor", (Role.AUDITOR,)),
    Account("admin", "系统管理员", "Administrator", (Role.ADMINISTRATOR,)),
    Account("kehu", "充电公司客户", "Charging Customer", (Role.CUSTOMER,), organisation=POWER),
    Account("kehu2", "加油站客户", "Fuel Customer", (Role.CUSTOMER,), organisation=FUEL),
)  # fmt: skip


@transaction.atomic
def load() -> dict[str, User]:
    """Enters or refreshes institute, customers and accounts; returns the accounts by user name."""
    institute, _created = Organisation.objects.update_or_create(
        kind=Organisation.Kind.INSTITUTE,
        defaults={
            "name": "示范区计量质量检测所",
            "name_en": "Demonstration District Institute of Metrology and Quality Inspection",
            "authorisation_number": "（演示）法计 000000 号",
            "address": "示范市示范区计量路 0 号",
            "postcode": "000000",
            "phone": "000-00000000",
            "email": "demo@example.invalid",
        },
    )
    for name, name_en in (
        (POWER, "Demonstration Charging Operation Co., Ltd."),
        (FUEL, "Demonstration Filling Station Co., Ltd."),
    ):
        Organisation.objects.update_or_create(
            name=name, defaults={"kind": "customer", "name_en": name_en, "address": "示范市示范区演示大道 1 号"}
        )
    laboratory, _created = Department.objects.get_or_create(
        organisation=institute, name="检定室", defaults={"name_en": "Verification Laboratory"}
    )
    found = {account.username: _account(account, institute, laboratory) for account in ACCOUNTS}
    for account in ACCOUNTS:
        _qualify(found[account.username], account, by=found["jishu"])
        if account.acts:
            _give_key(found[account.username])
    _train(
        found["jianxi"], [found["jiandingyuan"], found["jiandingyuan2"]], by=found["jishu"], witness=found["zhiliang"]
    )
    _let_in(found["shenhe"], by=found["zhiliang"])
    return found


def _let_in(auditor: User, *, by: User) -> None:
    """A grant for a month over everything, renewed when the demonstration is refreshed after its end."""
    today = clock.today()
    if not Grant.objects.filter(auditor=auditor, valid_until__gte=today, revoked_at=None).exists():
        grant(
            auditor, by=by, purpose="演示审核", categories=[], valid_from=today, valid_until=today + timedelta(days=31)
        )


def _give_key(user: User) -> None:
    """A signing key for whoever signs, once. Its passphrase is the password: an institute's people choose another one."""
    if not user.keys.exists():
        create_key(user, by=user, passphrase=PASSWORD, reauthenticated=True)


def _account(account: Account, institute: Organisation, laboratory: Department) -> User:
    organisation = Organisation.objects.get(name=account.organisation) if account.organisation else institute
    user, created = User.objects.get_or_create(
        username=account.username,
        defaults={
            "display_name": account.name,
            "display_name_en": account.name_en,
            "email": f"{account.username}@example.invalid",
            "organisation": organisation,
            "department": None if account.organisation else laboratory,
            "title": account.title,
            "title_en": account.title_en,
        },
    )
    if created:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    for role in account.roles:
        UserRole.objects.get_or_create(user=user, role=role)
    return user


def _qualify(user: User, account: Account, *, by: User) -> None:
    """Qualification, registration and authorisations of a metrologist, entered once, valid around today."""
    today = clock.today()
    start, end = date(today.year - 5, 1, 1), today + timedelta(days=730)
    if account.acts and not user.qualifications.exists():
        services.register_qualification(
            user, by=by, level="1" if "approve" in account.acts else "2", certificate_number=f"YS-{user.pk:04d}",
            issued_on=start, issuer="（演示）", number=f"YS-ZC-{user.pk:04d}", scope="演示项目",
            valid_from=start, valid_until=end,
        )  # fmt: skip
    for act in account.acts:
        for category in CATEGORIES:
            _authorise(user, act, category, valid_from=start, valid_until=end, by=by)


def _train(trainee: User, supervisors: list[User], *, by: User, witness: User) -> None:
    """Somebody who learns to verify AC charging piles: with supervisors, a course and a first test that was watched."""
    today = clock.today()
    _authorise(
        trainee, "train", "charging_pile_ac", valid_from=today - timedelta(days=60),
        valid_until=today + timedelta(days=305), by=by, supervisors=supervisors,
    )  # fmt: skip
    if not trainee.education.exists():
        services.enter_education(
            trainee, by=by, held_on=today - timedelta(days=90), hours="16", subject="交流充电桩检定方法（演示）",
            organiser="示范市计量测试学会（演示）",
        )  # fmt: skip
    if not trainee.witnessed.exists():
        services.enter_witnessed_test(
            trainee, by=by, witness=witness, held_on=today - timedelta(days=20), procedure="JJG 1148",
            findings="接线和读数正确；填写环境条件前须等温湿度稳定。", verdict="partly",
            due_on=today + timedelta(days=25),
        )  # fmt: skip


def _authorise(user: User, act: str, category: str, *, by: User, **more: Any) -> None:
    if not Authorisation.objects.filter(user=user, act=act, scope_kind="category", scope=category).exists():
        services.grant_authorisation(user, by=by, act=act, scope_kind="category", scope=category, **more)
