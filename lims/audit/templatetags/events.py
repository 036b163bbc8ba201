"""Tells an event as a sentence."""

from django import template
from django.utils.translation import get_language

from lims.audit import registry

register = template.Library()


@register.filter
def verb(name: str) -> str:
    """The wording of a verb in the language of the page; the bare name for a verb no longer in use."""
    wording = registry.verbs().get(name)
    return wording.get(get_language() or "zh-hans") if wording else name
