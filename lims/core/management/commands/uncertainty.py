"""`manage.py uncertainty FILE [--json] [--monte-carlo N] [--seed S]`: evaluates an uncertainty budget file."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lims.metrology.budget import Budget, BudgetError, BudgetResult, evaluate, load_budget, reported

LARGEST_FILE = 1_000_000
ZERO = Decimal(0)


def _trials(text: str) -> int | None:
    """The number of draws; ``auto`` stops by itself at two stable digits."""
    return None if text == "auto" else int(text)


class Command(BaseCommand):
    help = "Evaluate an uncertainty budget (TOML): value, u, degrees of freedom, k, U, contributions, correlations"
    # Pure calculation: works without a database.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
        parser.add_argument("--monte-carlo", metavar="N", type=_trials, default=0, help="number of draws, or “auto”")
        parser.add_argument("--seed", type=int, default=1, help="seed of the draws")

    def handle(self, *, file: Path, monte_carlo: int | None, seed: int, **options: Any) -> None:
        try:
            with file.open("rb") as opened:
                raw = opened.read(LARGEST_FILE + 1)
            if len(raw) > LARGEST_FILE:
                raise ValueError(f"more than {LARGEST_FILE} bytes")
            text = raw.decode()
        except (OSError, ValueError) as error:
            raise CommandError(f"{file} 读不出来 cannot be read: {error}", returncode=2) from error
        try:
            budget = load_budget(text)
            result = evaluate(budget)
            answer = result.as_json()
            if monte_carlo != 0:
                answer["monte_carlo"] = _monte_carlo(budget, monte_carlo, seed)
        except BudgetError as error:
            where = f"{error.path}: " if error.path else ""
            raise CommandError(f"{file}: {where}{error.zh} {error.en}", returncode=2) from error
        except ValueError as error:
            raise CommandError(f"--monte-carlo: {error}", returncode=2) from error
        self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else _table(result, answer))


def _monte_carlo(budget: Budget, trials: int | None, seed: int) -> dict[str, object]:
    from lims.metrology.montecarlo import simulate

    if seed < 0:
        raise ValueError("the seed is not below zero")
    return simulate(budget, trials=trials, seed=seed).as_json()


def _table(result: BudgetResult, answer: dict[str, Any]) -> str:
    """The result for reading: one line per measurand and its contributions."""
    budget = result.budget
    lines: list[str] = []
    for name, output in result.outputs.items():
        printed = reported(output.value, output.expanded, digits=budget.digits, rounding=budget.rounding)
        unit = f" {output.unit}" if output.unit and output.unit != "1" else ""
        lines.append(f"{name} = ({printed}){unit}  u = {output.u:.4g}  ν = {output.dof:.4g}  k = {output.k:.4g}")
        for line in output.contributions:
            lines.append(
                f"    {line.input}: c = {line.c:.4g}  u = {line.u:.4g}  |c|u = {line.contribution or ZERO:.4g}"
            )
    lines += [f"r({pair}) = {float(r):.4f}" for pair, r in answer["correlations"].items()]
    if "monte_carlo" in answer:
        run = answer["monte_carlo"]
        lines.append(
            f"Monte Carlo: {run['trials']} draws, seed {run['seed']}, {run['generator']}, numpy {run['numpy']}"
        )
        for name, found in run["outputs"].items():
            low, high = found["interval"]
            lines.append(f"    {name}: {float(found['value']):.10g}  u = {float(found['u']):.4g}  [{low}, {high}]")
    return "\n".join(lines)
