"""Forms of tasks."""

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from instruments.models import Instrument, Task
from instruments.services.work import Wanted
from lims.people.models import User
from lims.people.rules.competence import who_may
from standards.models import Category, ProcedureVersion
from standards.selectors.procedures import in_force


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TaskFilterForm(forms.Form):
    """The filters of the task list; nothing chosen shows everything."""

    q = forms.CharField(
        label=_("查找"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"data-search": "", "placeholder": _("任务号、单位、器具、出厂编号")}),
    )
    whose = forms.ChoiceField(
        label=_("范围"), required=False, choices=[("", _("全部任务")), ("mine", _("等我处理")), ("open", _("未完成"))]
    )
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[("", _("全部状态")), *Task.State.choices])
    kind = forms.ChoiceField(label=_("检定类别"), required=False, choices=[("", _("全部类别")), *Task.Kind.choices])
    category = forms.ChoiceField(label=_("器具类别"), required=False, choices=[("", _("全部器具")), *Category.choices])
    received_from = forms.DateField(label=_("接收日期自"), required=False, widget=DayInput())
    received_to = forms.DateField(label=_("至"), required=False, widget=DayInput())

    def narrowing(self) -> dict[str, Any]:
        """The keyword arguments for `selectors.work.filtered`; what is not understood is left out."""
        data = self.cleaned_data if self.is_valid() else {}
        return {
            "states": (data["state"],) if data.get("state") else (),
            "kind": data.get("kind", ""),
            "category": data.get("category", ""),
            "query": data.get("q", ""),
            "received_from": data.get("received_from"),
            "received_to": data.get("received_to"),
        }

    @property
    def whose_chosen(self) -> str:
        return str(self.cleaned_data.get("whose", "")) if self.is_valid() else ""


class ApplicationForm(forms.Form):
    """What holds for the whole application."""

    contact = forms.CharField(label=_("联系人"), required=False, max_length=60)
    phone = forms.CharField(label=_("联系电话"), required=False, max_length=40)
    walk_in = forms.BooleanField(label=_("现场受理（未预约）"), required=False, initial=True)
    received_on = forms.DateField(label=_("接收日期"), widget=DayInput())
    due_on = forms.DateField(label=_("承诺完成日期"), required=False, widget=DayInput())
    place = forms.CharField(label=_("检定地点"), required=False, max_length=200)
    note = forms.CharField(label=_("备注"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class WantedForm(forms.Form):
    """What is to be done to one instrument: the whole of it, or some of its sub-units."""

    sub_units = forms.MultipleChoiceField(
        label=_("部件"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("不选则检定整机")
    )
    procedure = forms.ChoiceField(label=_("检定依据"))
    kind = forms.ChoiceField(label=_("检定类别"), choices=Task.Kind.choices, initial=Task.Kind.SUBSEQUENT)

    def __init__(self, *args: Any, instrument: Instrument, day: date, **kwargs: Any) -> None:
        super().__init__(*args, prefix=f"i{instrument.pk}", **kwargs)
        self.instrument = instrument
        self.units = {str(unit.pk): unit for unit in instrument.sub_units.filter(retired_on=None).order_by("label")}
        self.procedures = {str(one.pk): one for one in in_force(day, category=instrument.category)}
        self.fields["sub_units"].choices = [(pk, str(unit)) for pk, unit in self.units.items()]
        if not self.units:
            del self.fields["sub_units"]
        self.fields["procedure"].choices = [(pk, f"{one.label} {one.title}") for pk, one in self.procedures.items()]

    def clean(self) -> dict[str, Any]:
        if not self.procedures:
            raise ValidationError(_("这一器具类别没有现行有效的规程，请技术负责人载入并批准"))
        return super().clean() or {}

    def wanted(self) -> list[Wanted]:
        """One piece of work for the instrument, or one for each sub-unit ticked. Only after `is_valid()`."""
        data = self.cleaned_data
        procedure = ProcedureVersion.objects.get(pk=data["procedure"])
        units = [self.units[pk] for pk in data.get("sub_units", [])] or [None]
        return [
            Wanted(instrument=self.instrument, procedure=procedure, kind=data["kind"], sub_unit=unit) for unit in units
        ]


class VersionForm(forms.Form):
    """The version of the task that the page showed, so that a stale page changes nothing."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class PeopleForm(VersionForm):
    """Who does what. Only people who may do the act on the day are offered; as technician also those who learn it."""

    technician = forms.ModelChoiceField(User.objects.none(), label=_("检定员"))
    checker = forms.ModelChoiceField(
        User.objects.none(), label=_("核验员"), required=False, empty_label=_("任何有授权的核验员")
    )
    approver = forms.ModelChoiceField(
        User.objects.none(), label=_("批准人"), required=False, empty_label=_("任何有授权的批准人")
    )

    def __init__(self, *args: Any, task: Task, day: date, **kwargs: Any) -> None:
        initial = {"technician": task.technician_id, "checker": task.checker_id, "approver": task.approver_id}
        super().__init__(*args, initial={"version": task.version, **initial}, **kwargs)
        may = who_may(procedure_code=task.procedure.code, category=task.instrument.category, day=day)
        for title, acts in (("technician", ("verify", "train")), ("checker", ("check",)), ("approver", ("approve",))):
            offered = {person.pk for act in acts for person in may[act]}
            self.fields[title].queryset = User.objects.filter(  # type: ignore[attr-defined]
                pk__in=offered, held_roles__role=title
            ).order_by("display_name")


class StartForm(VersionForm):
    """Confirming that the instrument at hand is the one of the ledger."""

    serial = forms.CharField(
        label=_("铭牌上的出厂编号"),
        required=False,
        max_length=80,
        help_text=_("对照铭牌重新录入"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    seen = forms.BooleanField(label=_("已目视核对，与台账一致"), required=False)


class ReasonForm(VersionForm):
    reason = forms.CharField(label=_("理由"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class ExceptionForm(forms.Form):
    code = forms.CharField(max_length=60, widget=forms.HiddenInput)
    where = forms.CharField(max_length=120, required=False, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("放行理由"), max_length=500, help_text=_("会打印在原始记录中"))


class SignForm(VersionForm):
    """Confirming the record that the page shows; `record_sha256` is its digest."""

    record_sha256 = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)


class PassphraseForm(SignForm):
    """Signed with the own key; the field itself is drawn by components/sign.html."""

    passphrase = forms.CharField(required=False, max_length=200, strip=False)


class PileForm(forms.Form):
    """Several records signed at once. Each `pile` value is what the page showed: task number, its version, the record's digest."""

    SHOWN = re.compile(r"(?P<number>RW-\d{4}-\d{6,10}) (?P<version>\d{1,9}) (?P<sha256>[0-9a-f]{64})")
    MOST = 100

    passphrase = forms.CharField(required=False, max_length=200, strip=False)

    def chosen(self) -> list[tuple[str, int, str]]:
        """(task number, version, digest) of each record that was ticked, in the order of the page."""
        found = [self.SHOWN.fullmatch(one) for one in dict.fromkeys(self.data.getlist("pile")[: self.MOST])]
        return [(one["number"], int(one["version"]), one["sha256"]) for one in found if one]


class ApproveForm(SignForm):
    """Approving without a key, where keys are only offered: the password proves who it is."""

    password = forms.CharField(
        label=_("您的登录密码"),
        required=False,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
