"""Template vocabulary shared by every page: icons, tones of a state, and the text of the reader's language."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

# One table decides the colour and the sign of every state shown anywhere, so that a badge never means two things.
TONES: Mapping[str, str] = {
    "pass": "success",
    "valid": "success",
    "issued": "success",
    "usable": "success",
    "in_force": "success",
    "active": "success",
    "done": "success",
    "good": "success",
    "sealed": "success",
    "approved": "success",
    "fail": "danger",
    "expired": "danger",
    "withdrawn": "danger",
    "void": "danger",
    "voided": "danger",
    "unusable": "danger",
    "broken": "danger",
    "failed": "danger",
    "overdue": "danger",
    "undecided": "warning",
    "returned": "warning",
    "expiring": "warning",
    "unconfirmed": "warning",
    "exception": "warning",
    "replaced": "warning",
    "submitted": "progress",
    "checked": "progress",
    "recording": "progress",
    "in_progress": "progress",
    "capturing": "progress",
    "issuing": "progress",
    "assigned": "info",
    "accepted": "info",
    "applied": "info",
    "scheduled": "info",
}
ICON_OF_TONE: Mapping[str, str] = {
    "success": "check",
    "danger": "cross",
    "warning": "alert",
    "progress": "clock",
    "info": "dot",
    "neutral": "dot",
}


@register.filter
def tone(state: object) -> str:
    """The tone (success, danger, warning, progress, info, neutral) of a state code; an unknown one is neutral."""
    return TONES.get(str(state), "neutral")


@register.filter
def tone_icon(tone_name: object) -> str:
    """The icon that says the same as the colour, for those who do not see the colour."""
    return ICON_OF_TONE.get(str(tone_name), "dot")


@register.filter
def localised(value: Any) -> str:
    """Text of the reader's language out of a `Text`, a {"zh", "en"} mapping, or a plain string."""
    if value is None:
        return ""
    language = "en" if (get_language() or "zh").startswith("en") else "zh"
    if isinstance(value, Mapping):
        return str(value.get(language) or value.get("zh") or "")
    if hasattr(value, "zh") and hasattr(value, "en"):
        return str(getattr(value, language) or value.zh)
    return str(value)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; decorative unless `label` says what it means."""
    reference = f"{static('lims/img/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, reference)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', reference)
