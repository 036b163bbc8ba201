"""The knobs of the simulated instruments."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ChargeForm(forms.Form):
    load_a = forms.DecimalField(label=_("负载电流 A"), min_value=1, max_value=100, initial="32")
    seconds = forms.IntegerField(label=_("充电时长 s（模拟时间）"), min_value=1, max_value=7200, initial="300")


class FillForm(forms.Form):
    flow = forms.DecimalField(label=_("流量 L/min"), min_value=1, max_value=200, initial="40")
