"""Forms of the certificates app."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from certificates.models import Certificate


class ReasonForm(forms.Form):
    """A deed that needs its reason in writing."""

    reason = forms.CharField(
        label=_("理由"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("公开查询页面会显示这段文字，请勿写人名"),
    )  # fmt: skip


class ReplaceForm(ReasonForm):
    """Which later certificate takes the place of this one, and why."""

    successor = forms.ModelChoiceField(
        label=_("替代的证书"), queryset=Certificate.objects.none(), to_field_name="number",
        help_text=_("同一器具其后签发、仍然有效的证书"),
    )  # fmt: skip
    field_order = ("successor", "reason")

    def __init__(self, *args: Any, successors: QuerySet[Certificate], **kwargs: Any) -> None:
        super().__init__(*args, auto_id="id_replace_%s", **kwargs)
        self.fields["successor"].queryset = successors  # type: ignore[attr-defined]
