"""Forms of the certificates app."""

import re
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


class CorrectForm(ReasonForm):
    """Why a certificate is corrected, or why it need not be."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="id_correct_%s", **kwargs)


class VoidForm(forms.Form):
    """Why a number is given up. It has not left the house, so nobody outside reads it."""

    reason = forms.CharField(label=_("理由"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="id_void_%s", **kwargs)


class SupplementForm(forms.Form):
    """What is added to a certificate, in both its languages."""

    text = forms.CharField(label=_("补充内容"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    text_en = forms.CharField(
        label=_("补充内容（英文）"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3, "lang": "en"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="id_supplement_%s", **kwargs)


class PasswordForm(forms.Form):
    """Proving oneself anew where keys are only offered and the person has none."""

    password = forms.CharField(
        label=_("您的登录密码"), required=False, max_length=200, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip
    passphrase = forms.CharField(required=False, max_length=200, strip=False, widget=forms.HiddenInput)


class BulkFilterForm(forms.Form):
    """Which checked tasks are offered; each a part of the number or name."""

    application = forms.CharField(label=_("申请编号"), required=False, max_length=60)
    customer = forms.CharField(label=_("委托单位"), required=False, max_length=120)
    site = forms.CharField(label=_("使用场所"), required=False, max_length=120)


class BulkForm(PasswordForm):
    """The tasks that were ticked, each as the page showed it: task, its version, the digest of its record."""

    SHOWN = re.compile(r"(?P<task>\d{1,18})\.(?P<version>\d{1,9})\.(?P<sha256>[0-9a-f]{64})")

    key = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ("key",)

    def chosen(self) -> list[tuple[int, int, str]]:
        """(task, version, digest) of each, once, in the order of the page; what is no such thing is left out."""
        ticked = dict.fromkeys(self.data.getlist("task"))
        found = [shown for one in ticked if (shown := self.SHOWN.fullmatch(one))]
        return [(int(one["task"]), int(one["version"]), one["sha256"]) for one in found]


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
