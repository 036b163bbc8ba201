"""Forms of the public and customer pages."""

from django import forms
from django.utils.translation import gettext_lazy as _


class VerifyForm(forms.Form):
    """What stands on the paper: number and check value."""

    number = forms.CharField(label=_("证书编号"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    check_value = forms.CharField(
        label=_("校验码"), max_length=8, help_text=_("印在证书编号下方的六位字符"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )  # fmt: skip
