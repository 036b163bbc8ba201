"""How numbers and verdicts of a recall case are shown. What is kept stays as it is; only its look is shortened."""

from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

from django import template

from lims.core.text import Text
from standards.procedures.results import CONCLUSIONS

register = template.Library()
_SHOWN = Context(prec=6, rounding=ROUND_HALF_EVEN)


@register.filter
def conclusion(code: str) -> Text:
    """A verdict in words."""
    return CONCLUSIONS.get(code) or Text(code, code)


@register.filter
def digits(value: str) -> str:
    """A computed value to six significant digits: enough to be compared with its limit."""
    try:
        return f"{_SHOWN.plus(Decimal(value)):f}" if value else "—"
    except InvalidOperation:
        return value


@register.filter
def percentage(value: str) -> str:
    """A share of the maximum permissible error as a percentage with one decimal place; empty for none."""
    try:
        return f"{(Decimal(value) * 100).quantize(Decimal('0.1'))} %" if value else ""
    except InvalidOperation:
        return ""
