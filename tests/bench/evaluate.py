"""Evaluations per second of three packs, against the same digits computed by hand-written Decimal code."""

import time
from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import partial
from typing import Any

from standards.procedures import evaluate, load_pack, template
from standards.services.procedures import PACKS
from tests.bench.measure import Figure, Span, spans

Data = dict[str, Any]
BATCH, ROUNDS = 50, 9
DIGITS = 34


def figures() -> list[Figure]:
    found = []
    for label, pack_name, data, floor in (
        ("JJG 1148, 1 point × 2 runs", "jjg-1148-2022", _pile, _pile_floor),
        ("JJG 443, 3 points × 3 runs", "jjg-443-2023", _dispenser, _dispenser_floor),
        ("JJG 52, 10 points up and down", "jjg-52-2013", _gauge, _gauge_floor),
    ):
        pack = load_pack((PACKS / f"{pack_name}.toml").read_text(encoding="utf-8"))
        filled = data(pack)
        result = evaluate(pack, filled)
        if result.conclusion != "pass":
            raise ValueError(f"{pack_name}: {result.conclusion}, missing {[one.path for one in result.missing][:5]}")
        with localcontext(prec=DIGITS):
            _agree(result.as_json(), floor(filled))
        acts = (partial(evaluate, pack, filled), partial(floor, filled))
        ours, least = spans([_batch(act) for act in acts], rounds=ROUNDS, clock=time.process_time)
        found.append(
            Figure("evaluate", label, "1/s", _rate(ours), _rate(least), "the same sums written out in Decimal")
        )
    return found


def _batch(act: Callable[[], object]) -> Callable[[], None]:
    def many() -> None:
        with localcontext(prec=DIGITS):
            for _ in range(BATCH):
                act()

    return many


def _rate(span: Span) -> Span:
    return Span(tuple(1000 * BATCH / value for value in span.values))


def _agree(result: Data, floor: dict[str, Decimal]) -> None:
    """The two compute the same: otherwise the comparison would be of different things."""
    for place, value in floor.items():
        item, row, column = place.split("/")
        cells = result["items"][item]["rows"][int(row)]["columns"] if row else result["items"][item]["columns"]
        if Decimal(cells[column]["value"]) - value:
            raise ValueError(f"{place}: {cells[column]['value']} is not {value}")


def _layout(pack: Any, parameters: dict[str, str], constants: dict[str, str], environment: dict[str, str]) -> Data:
    data: Data = template(pack, "subsequent", parameters)
    data["constants"] |= constants
    for name, values in data["environment"].items():
        data["environment"][name] = [environment[name]] * len(values)
    for item in data["judged"].values():
        for check in item.values():
            check["result"] = "pass"
    return data


def _pile(pack: Any) -> Data:
    parameters = {"accuracy_class": "2", "U_nominal": "220", "I_max": "32", "I_min": "6", "time_of_use": "no"}
    data = _layout(pack, parameters, {"U_ref": "0.03"}, {"temperature": "23.1", "humidity": "52"})
    for row in data["items"]["working_error"]["rows"]:
        row["values"]["I"] = "32.0"
        row["readings"] |= {"U": "220.12", "I": "31.987", "P": "7.0412"}
        for n, run in enumerate(row["runs"]):
            run |= {
                "E_pile_start": "1.000",
                "E_pile_end": f"11.0{43 + n}",
                "E_std_start": "5.000000",
                "E_std_end": "14.996811",
            }
    return data


def _pile_floor(data: Data) -> dict[str, Decimal]:
    found = {}
    zero = Decimal(data["constants"]["gamma0"])
    for number, row in enumerate(data["items"]["working_error"]["rows"]):
        errors = []
        for run in row["runs"]:
            pile = Decimal(run["E_pile_end"]) - Decimal(run["E_pile_start"])
            standard = Decimal(run["E_std_end"]) - Decimal(run["E_std_start"])
            errors.append((pile - standard) / standard * 100 + zero)
        mean = sum(errors) / len(errors)
        step = Decimal("0.2")
        rounded = (mean / step).quantize(Decimal(1)) * step
        assert -Decimal(2) <= rounded <= Decimal(2)
        found[f"working_error/{number}/gamma"] = mean
    return found


def _dispenser(pack: Any) -> Data:
    constants = {
        "V0": "50",
        "h0": "200",
        "d": "4.0",
        "beta_B": "0.000033",
        "U_V0": "0.025",
        "U_tJ": "0.1",
        "U_tB": "0.1",
    }
    data = _layout(pack, {"product": "petrol", "Q_max": "50"}, constants, {"temperature": "21.5", "humidity": "48"})
    indication = data["items"]["indication"]
    base = indication["rows"][0]
    indication["rows"] = [
        {**base, "point": base["point"], "values": {"flow": flow}, "runs": [dict(run) for run in base["runs"]]}
        for flow in ("45.1", "20.3", "5.2")
    ]
    for row in indication["rows"]:
        for n, run in enumerate(row["runs"]):
            run |= {"VJ": f"50.0{3 + n}", "h": "208.5", "tJ": "22.31", "tB": "22.64"}
    for row in data["items"]["payment"]["rows"]:
        row["readings"] |= {"unit_price": "7.85", "volume": "30.00", "amount": "235.50", "payment_step": "0.08"}
    return data


def _dispenser_floor(data: Data) -> dict[str, Decimal]:
    found = {}
    given = {name: Decimal(value) for name, value in data["constants"].items() if value}
    beta = Decimal("0.0012")
    for number, row in enumerate(data["items"]["indication"]["rows"]):
        errors = []
        for run in row["runs"]:
            shown, nozzle, tank = (Decimal(run[name]) for name in ("VJ", "tJ", "tB"))
            volume = given["V0"] + given["d"] * (Decimal(run["h"]) - given["h0"]) / 1000
            volume *= 1 + beta * (nozzle - tank) + given["beta_B"] * (tank - 20)
            errors.append((shown - volume) / volume * 100)
        mean, spread = sum(errors) / len(errors), (max(errors) - min(errors)) / Decimal("1.69")
        assert abs(mean) <= Decimal("0.3") and spread <= Decimal("0.15")
        found |= {f"indication/{number}/E": mean, f"indication/{number}/Er": spread}
    return found


def _gauge(pack: Any) -> Data:
    parameters = {
        "accuracy_class": "1.6", "unit": "MPa", "range_low": "0", "range_high": "1", "division": "0.02",
        "numbered_step": "0.1", "stop_pin": "no",
    }  # fmt: skip
    data = _layout(pack, parameters, {"mpe_std": "0.0016"}, {"temperature": "20.4", "humidity": "50"})
    for row in data["items"]["zero"]["rows"]:
        row["readings"]["p_zero"] = "0.000"
    for row in data["items"]["indication"]["rows"]:
        pressure = Decimal(row["values"]["p"])
        row["readings"] |= {
            "up": f"{pressure + Decimal('0.004'):.3f}",
            "up_tap": f"{pressure + Decimal('0.008'):.3f}",
            "down": f"{pressure + Decimal('0.012'):.3f}",
            "down_tap": f"{pressure + Decimal('0.008'):.3f}",
        }
    return data


def _gauge_floor(data: Data) -> dict[str, Decimal]:
    found, worst = {}, Decimal(0)
    for number, row in enumerate(data["items"]["indication"]["rows"]):
        up, up_tap, down, down_tap = (Decimal(row["readings"][name]) for name in ("up", "up_tap", "down", "down_tap"))
        pressure = Decimal(row["values"]["p"])
        share = Decimal("2.5") if pressure >= Decimal("0.9") else Decimal("1.6")
        limit = share / 100
        rising, falling, hysteresis = up_tap - pressure, down_tap - pressure, abs(up_tap - down_tap)
        tap = max(abs(up_tap - up), abs(down_tap - down))
        assert abs(rising) <= limit and abs(falling) <= limit and hysteresis <= limit and tap <= limit / 2
        worst = max(worst, abs(rising), abs(falling))
        found |= {f"indication/{number}/err_up": rising, f"indication/{number}/hysteresis": hysteresis}
    return {**found, "indication//max_error": worst}
