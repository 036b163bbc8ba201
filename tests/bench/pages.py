"""Lists and searches at 100 000 instruments (a million with BIG=1), against the bare SQL that each page asks."""

import os
import time
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse

from instruments.models import Instrument, Site
from lims.core import paging, search
from lims.people.models import Organisation
from tests.bench.measure import Figure, spans

ROUNDS, CHUNK = 9, 10_000
MAKERS = ("华东仪表厂", "江南加油设备有限公司", "北方衡器厂", "绿能充电科技有限公司", "精密压力仪器厂")
KINDS = (
    ("charging_pile_ac", "交流充电桩", "AC-7kW", "EV"),
    ("charging_pile_dc", "非车载充电机", "DC-120kW", "DC"),
    ("fuel_dispenser", "燃油加油机", "JDK50D", "JY"),
    ("scale_digital", "数字指示秤", "TCS-150", "TC"),
    ("pressure_gauge", "一般压力表", "Y-100", "YB"),
)
TOWNS = ("东湖", "西岭", "南桥", "北塘", "中山", "青云", "白沙", "红旗", "金水", "长宁")


def figures(lab: SimpleNamespace) -> list[Figure]:
    count = 1_000_000 if os.environ.get("BIG") == "1" else 100_000
    begun = time.perf_counter()
    _fill(count)
    remark = f"{count} instruments, laid out in {time.perf_counter() - begun:.0f} s"
    middle = Instrument.objects.order_by("ledger_number")[count // 2 : count // 2 + 1].get()
    deep = paging._encode([middle.ledger_number, middle.pk])
    rare = Instrument.objects.order_by("pk")[count // 3 : count // 3 + 1].get()
    ledger, everywhere = reverse("instruments:ledger"), reverse("home_search")
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(lab.receptionist, backend="django.contrib.auth.backends.ModelBackend")
    found = []
    for name, address, query in (
        ("ledger, first page", ledger, {}),
        ("ledger, page in the middle", ledger, {"after": deep}),
        ("ledger, one category", ledger, {"category": "fuel_dispenser"}),
        ("ledger, search of two characters in a fifth of the rows", ledger, {"q": "油机"}),
        ("ledger, search of a customer's two characters and a word", ledger, {"q": "青云 TCS"}),
        ("ledger, search of the end of a serial number", ledger, {"q": rare.serial[-6:]}),
        ("search box, two characters", everywhere, {"q": "油机"}),
        ("search box, end of a serial number", everywhere, {"q": rare.serial[-6:]}),
    ):
        asked = _statements(client, address, query)
        ours, bare = spans([partial(_get, client, address, query), partial(_repeat, asked)], rounds=ROUNDS)
        (cpu,) = spans([partial(_get, client, address, query)], rounds=ROUNDS, clock=time.process_time)
        told = "; ".join(filter(None, (f"{cpu.median:.0f} ms CPU", remark)))
        found.append(Figure("pages", name, "ms", ours, bare, f"its {len(asked)} SQL statements alone", told))
        remark = ""
    return found


def _fill(count: int) -> None:
    """Customers, sites and instruments with plausible values. Numbers continue after those that are there."""
    customers = Organisation.objects.bulk_create(
        Organisation(kind="customer", name=f"{TOWNS[n % 10]}{TOWNS[n // 10 % 10]}能源第{n}有限公司") for n in range(300)
    )
    sites = Site.objects.bulk_create(
        Site(organisation=one, name=f"{TOWNS[n % 10]}路站{n}", address=f"示范区{TOWNS[n % 10]}路{n}号")
        for one in customers
        for n in range(4)
    )
    today = date.today()  # noqa: DTZ011
    rows: list[Instrument] = []
    for row in _instruments(count, sites, today):
        rows.append(row)
        if len(rows) == CHUNK:
            Instrument.objects.bulk_create(rows)
            rows = []
    Instrument.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _instruments(count: int, sites: list[Site], today: date) -> Iterator[Instrument]:
    for n in range(count):
        site = sites[n * 7919 % len(sites)]
        category, name, model, letters = KINDS[n % len(KINDS)]
        maker = MAKERS[n // 3 % len(MAKERS)]
        serial = f"{letters}{2015 + n % 11}{n * 104_729 % 10**7:07d}"
        number = f"QJ-{n:07d}"
        yield Instrument(
            ledger_number=number, organisation=site.organisation, site=site, position=f"{n % 12 + 1}号位",
            category=category, name=name, model=model, manufacturer=maker, serial=f"{serial}{n % 100:02d}",
            accuracy_class="2", measuring_range="—", parameters={"accuracy_class": "2"},
            due_on=today + timedelta(days=n % 1100 - 100),
            search=search.tokens(number, name, model, maker, f"{serial}{n % 100:02d}", site.organisation.name, site.name),
        )  # fmt: skip


def _get(client: Client, address: str, query: dict[str, str]) -> None:
    answer = client.get(address, query)
    if answer.status_code != 200:
        raise ValueError(f"{address} {query}: {answer.status_code}")


def _statements(client: Client, address: str, query: dict[str, str]) -> list[tuple[str, Any]]:
    """The SQL statements that the page asks, with their parameters. Raises ValueError when the page shows no instrument."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT"):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer = client.get(address, query)
    if "QJ-" not in answer.content.decode():
        raise ValueError(f"{address} {query} shows nothing")
    return asked


def _repeat(asked: list[tuple[str, Any]]) -> None:
    with connection.cursor() as cursor:
        for sql, params in asked:
            cursor.execute(sql, params)
            cursor.fetchall()
