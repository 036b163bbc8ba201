"""Words of the rig pages."""

from django import template

from devices.forms import QUANTITY_NAMES

register = template.Library()


@register.filter
def quantity_name(name: str) -> str:
    """What a quantity of a profile is called in the reader's language; its own name when it has none."""
    return str(QUANTITY_NAMES.get(name, name))
