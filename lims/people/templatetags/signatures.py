"""Who signed a record, with which key, and whether it verifies now."""

from typing import Any

from django import template

from lims.people.selectors import judged_signatures

register = template.Library()


@register.inclusion_tag("components/signatures.html")
def signatures(record: Any) -> dict[str, Any]:
    """The card of a submitted record's signatures; nothing for a draft or a record that nobody signed with a key."""
    return {"signatures": judged_signatures(f"record:{record.number}", record.sha256) if record.sha256 else []}
