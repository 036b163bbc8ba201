"""Uncertainty budgets by the GUM (JCGM 100:2008, JJF 1059.1-2012): a TOML file in, a complete result out."""

from lims.metrology.budget.evaluation import BudgetResult, Contribution, OutputResult, evaluate
from lims.metrology.budget.loading import load_budget
from lims.metrology.budget.model import Budget, BudgetError, Input
from lims.metrology.budget.report import Reported, reported

__all__ = [
    "Budget",
    "BudgetError",
    "BudgetResult",
    "Contribution",
    "Input",
    "OutputResult",
    "Reported",
    "evaluate",
    "load_budget",
    "reported",
]
