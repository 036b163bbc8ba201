"""Forms of device certificates: the paper and its values, the comparison by a second person, and a digital certificate."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from standards import pasting
from standards.dcc import LARGEST, Choice, DccReport, Quantity, suggestions
from standards.forms.fields import Day, PdfField
from standards.models import CertifiedValue, DeviceCertificate, StatedStandard

VALUE_ROWS = 6
_MOST_CHOICES = 60


class CertificateForm(forms.ModelForm):
    original = PdfField()

    class Meta:
        model = DeviceCertificate
        fields = [
            "number", "kind", "issuer", "issuer_authorisation", "calibrated_on", "valid_until", "use_until", "outcome",
            "conclusion", "traceable_to", "issuer_standard",
        ]  # fmt: skip
        widgets = {"calibrated_on": Day(), "valid_until": Day(), "use_until": Day()}
        help_texts = {
            "valid_until": _("只按证书所载填写；证书没有写就留空"),
            "use_until": _("证书没有写有效期时，由本机构计量确认给出"),
        }

    def validate_constraints(self) -> None:
        """Left to the service, which says it in both languages and with what to do."""


class CertificateCorrectionForm(CertificateForm):
    why = forms.CharField(
        label=_("更正原因"), max_length=300, help_text=_("原录入保留可查，新录入经另一人确认后取代它")
    )


class _RowForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # By this the style sheet knows which rows are empty, and folds them on a narrow screen.
            field.widget.attrs["placeholder"] = " "


class CertifiedValueForm(_RowForm):
    class Meta:
        model = CertifiedValue
        fields = [
            "name", "value", "unit", "at", "at_unit", "range_lower", "range_upper", "expanded_uncertainty",
            "uncertainty_unit", "k",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"].required = True

    def validate_constraints(self) -> None:
        """Whether the row is a single value or part of a table follows from it; the service says so."""


class EquationForm(_RowForm):
    class Meta:
        model = CertifiedValue
        fields = [
            "name", "equation", "variable", "unit", "at_unit", "range_lower", "range_upper", "expanded_uncertainty",
            "uncertainty_unit", "k",
        ]  # fmt: skip
        labels = {"at_unit": _("自变量单位")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("equation", "variable", "range_lower", "range_upper"):
            self.fields[name].required = True

    def validate_constraints(self) -> None:
        """The equation is read by the service, which names the place of a fault."""


class StatedStandardForm(_RowForm):
    class Meta:
        model = StatedStandard
        fields = [
            "name", "identification", "measuring_range", "accuracy", "certificate_number", "issuer", "valid_until",
        ]  # fmt: skip
        widgets = {"valid_until": Day()}


class _Rows(forms.BaseFormSet):
    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        """Any row may be left empty or be emptied, those shown with a value to correct too."""
        return super()._construct_form(i, **kwargs | {"empty_permitted": True, "use_required_attribute": False})

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row.cleaned_data for row in self if row.has_changed()]


CertifiedValueFormSet = forms.formset_factory(
    CertifiedValueForm, formset=_Rows, extra=VALUE_ROWS, max_num=60, absolute_max=60
)
EquationFormSet = forms.formset_factory(EquationForm, formset=_Rows, extra=1, max_num=10, absolute_max=10)
StatedStandardFormSet = forms.formset_factory(StatedStandardForm, formset=_Rows, extra=2, max_num=20, absolute_max=20)


class PastedForm(forms.Form):
    """A table copied out of a spreadsheet."""

    pasted = forms.CharField(
        label=_("从电子表格粘贴"),
        required=False,
        max_length=60_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "mono"}),
        help_text=_(
            "每行一个值，依次为：名称、测量点、测量点单位、值、单位、U、k；第一行也可以写列名，此时列的次序随意"
        ),
    )
    interpolation = forms.ChoiceField(
        label=_("表中相邻两点之间"), choices=CertifiedValue.Between.choices, required=False
    )

    def clean_pasted(self) -> list[dict[str, str]]:
        rows, faults = pasting.parse(self.cleaned_data["pasted"])
        if faults:
            english = (get_language() or "").startswith("en")
            raise forms.ValidationError([one.english() if english else str(one) for one in faults[:20]])
        return rows


class ComparisonForm(forms.Form):
    """The second person reads the paper: types each value again without seeing the entry, and ticks what else was compared."""

    head = forms.BooleanField(
        label=_("编号、机构、日期、结论和标准器与原件一致"),
        error_messages={"required": _("请核对后勾选")},
    )

    def __init__(self, *args: Any, values: Iterable[CertifiedValue], imported: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.values = list(values)
        self.imported = imported
        for one in self.values:
            self.fields[f"tick-{one.pk}"] = forms.BooleanField(
                label=_("一致"), required=False, widget=forms.CheckboxInput(attrs={"aria-label": self._told(one)})
            )
            if self.is_typed(one):
                self.fields[f"typed-{one.pk}"] = forms.CharField(
                    label=_("原件上的值"), required=False, max_length=40,
                    widget=forms.TextInput(attrs={"autocomplete": "off", "aria-label": self._told(one)}),
                )  # fmt: skip

    def is_typed(self, value: CertifiedValue) -> bool:
        """Digits that a person typed are typed again; those of a file, and equations, are compared by eye."""
        return not self.imported and value.form != CertifiedValue.Form.EQUATION

    @staticmethod
    def _told(value: CertifiedValue) -> str:
        return " ".join(part for part in (value.name, value.at, value.at_unit) if part)

    def rows(self) -> list[dict[str, Any]]:
        """Each value with the fields that compare it, for the page."""
        return [
            {
                "value": one,
                "typed": self[f"typed-{one.pk}"] if self.is_typed(one) else None,
                "tick": self[f"tick-{one.pk}"],
            }
            for one in self.values
        ]

    def compared(self) -> dict[int, dict[str, Any]]:
        """What the second person did, by row."""
        return {
            one.pk: {
                "ticked": self.cleaned_data.get(f"tick-{one.pk}", False),
                "typed": self.cleaned_data.get(f"typed-{one.pk}", "") if self.is_typed(one) else None,
            }
            for one in self.values
        }


class DccFileForm(forms.Form):
    file = forms.FileField(
        label=_("数字校准证书（XML）"),
        widget=forms.FileInput(attrs={"accept": ".xml,.dcc,text/xml,application/xml"}),
        help_text=format_lazy(_("PTB DCC 2.x 或 3.x，不超过 {size} MB"), size=LARGEST // 1024 // 1024),
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("文件超过 %(size)s MB") % {"size": LARGEST // 1024 // 1024})
        return bytes(file.read())


class DccCertificateForm(CertificateForm):
    """The certificate as the file tells of it, for the person to complete."""

    identity_note = forms.CharField(
        label=_("确为同一台设备的理由"), required=False, max_length=300, help_text=_("文件与台账不一致时必填")
    )


class ChoicesForm(forms.Form):
    """One line per usable list of numbers: whether and as which named value it is taken, with which points and which sign."""

    def __init__(self, *args: Any, report: DccReport, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines: list[tuple[Quantity, int]] = [
            (quantity, place)
            for quantity in report.quantities
            for place, series in enumerate(quantity.series)
            if series.usable
        ][:_MOST_CHOICES]
        suggested = {(one.quantity, one.series): one for one in suggestions(report)}
        self._points = {f"{at}": (quantity, place) for at, (quantity, place) in enumerate(self.lines)}
        for at, (quantity, place) in enumerate(self.lines):
            proposal = suggested.get((quantity.path, place))
            self._add(at, quantity, place, proposal)

    def _add(self, at: int, quantity: Quantity, place: int, proposal: Choice | None) -> None:
        count = len(quantity.series[place].values)
        offers = [
            (key, self._label(other, there))
            for key, (other, there) in self._points.items()
            if other.group == quantity.group and other is not quantity and len(other.series[there].values) == count
        ]
        chosen = next(
            (key for key, (other, there) in self._points.items()
             if proposal and (other.path, there) == (proposal.points, proposal.points_series)), "",
        )  # fmt: skip
        self.fields[f"name-{at}"] = forms.CharField(
            label=_("取作"), required=False, max_length=40, initial=proposal.name if proposal else "",
            widget=forms.TextInput(attrs={"placeholder": _("不取")}),
        )  # fmt: skip
        self.fields[f"points-{at}"] = forms.ChoiceField(
            label=_("测量点"), required=False, initial=chosen, choices=[("", _("无（单个值）")), *offers]
        )
        self.fields[f"negated-{at}"] = forms.BooleanField(
            label=_("取相反数"), required=False, initial=bool(proposal and proposal.negated)
        )
        self.fields[f"interpolation-{at}"] = forms.ChoiceField(
            label=_("两点之间"), required=False, choices=CertifiedValue.Between.choices
        )

    @staticmethod
    def _label(quantity: Quantity, place: int) -> str:
        english = (get_language() or "").startswith("en")
        return f"{quantity.name.en if english else quantity.name.zh} / {quantity.series[place].unit}"

    def rows(self) -> list[dict[str, Any]]:
        """Each line with its fields, for the page."""
        return [
            {
                "quantity": quantity,
                "series": quantity.series[place],
                "fields": [self[f"{name}-{at}"] for name in ("name", "points", "negated", "interpolation")],
            }
            for at, (quantity, place) in enumerate(self.lines)
        ]

    def choices(self) -> list[Choice]:
        """What was chosen, in the order of the file."""
        found = []
        for at, (quantity, place) in enumerate(self.lines):
            if name := self.cleaned_data[f"name-{at}"].strip():
                points, there = "", 0
                if key := self.cleaned_data[f"points-{at}"]:
                    chosen, there = self._points[key]
                    points = chosen.path
                found.append(
                    Choice(
                        name, quantity.path, place, points, there,
                        self.cleaned_data[f"negated-{at}"], self.cleaned_data[f"interpolation-{at}"] if points else "",
                    )
                )  # fmt: skip
        return found
