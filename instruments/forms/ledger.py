"""Forms of the ledger. They ask and check shapes; the services decide."""

from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from instruments.models import Instrument, Part, Seal, Site, SubUnit
from instruments.selectors import ledger as selectors
from lims.people.models import Organisation, Role
from lims.people.selectors import roles_of
from standards.models import Category
from standards.procedures.schema import Parameter

PREFIX = "parameter_"


class Day(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%d", **kwargs)


class ManyOptions(forms.Select):
    """A select of hundreds of rows. Django renders a template for every option, which takes longer than the whole page."""

    def render(
        self, name: str, value: object, attrs: dict[str, Any] | None = None, renderer: object = None
    ) -> SafeString:
        chosen = str(getattr(value, "pk", value) or "")
        options = format_html_join(
            "",
            "<option{}>{}</option>",
            (
                (flatatt({"value": str(key or ""), "selected": str(key or "") == chosen}), label)
                for key, label in self.choices
            ),
        )
        return format_html(
            "<select{}>{}</select>", flatatt(self.build_attrs({**self.attrs, "name": name}, attrs)), options
        )


class LedgerFilterForm(forms.Form):
    """What the list is narrowed to; a wrong value narrows nothing."""

    q = forms.CharField(
        label=_("查找"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "data-search": "", "placeholder": _("台账号、名称、编号、封印、单位")}
        ),
    )
    category = forms.ChoiceField(label=_("器具类别"), required=False, choices=[("", _("全部")), *Category.choices])
    organisation = forms.ModelChoiceField(
        label=pgettext_lazy("organisation", "单位"),
        required=False,
        queryset=Organisation.objects.none(),
        empty_label=_("全部"),
        widget=ManyOptions,
    )
    site = forms.ModelChoiceField(
        label=_("使用场所"),
        required=False,
        queryset=Site.objects.none(),
        empty_label=_("全部"),
        widget=ManyOptions,
    )
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[("", _("全部")), *Instrument.State.choices])
    due_before = forms.DateField(label=_("到期日早于"), required=False, widget=Day())

    def __init__(self, *args: Any, viewer: object, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = selectors.customers(viewer)
        sites = selectors.sites(viewer)
        organisation, site = self.data.get("organisation", ""), self.data.get("site", "")
        if organisation.isdigit():
            sites = sites.filter(organisation=int(organisation))
        elif roles_of(viewer) != {Role.CUSTOMER}:
            # The sites of all customers are too many to choose from: first the customer, or the site a link asked for.
            sites = sites.filter(pk=int(site)) if site.isdigit() else sites.none()
            self.fields["site"].widget.attrs["disabled"] = not site.isdigit()
        self.fields["site"].queryset = sites

    @property
    def filters(self) -> selectors.Filters:
        self.is_valid()
        data = self.cleaned_data
        return selectors.Filters(
            query=data.get("q", ""),
            category=data.get("category", ""),
            organisation=data["organisation"].pk if data.get("organisation") else None,
            site=data["site"].pk if data.get("site") else None,
            state=data.get("state", ""),
            due_before=data.get("due_before"),
        )


class SiteForm(forms.ModelForm):
    class Meta:
        model = Site
        fields = ["organisation", "name", "address", "district"]
        widgets = {"organisation": ManyOptions}

    def __init__(self, *args: Any, viewer: object, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = selectors.customers(viewer)


class InstrumentForm(forms.ModelForm):
    """An instrument of one category, with a field for each parameter that the procedures in force ask for."""

    version = forms.IntegerField(widget=forms.HiddenInput(), required=False)

    class Meta:
        model = Instrument
        fields = [
            "organisation", "site", "position", "name", "name_en", "model", "manufacturer", "serial",
            "accuracy_class", "measuring_range", "due_on",
        ]  # fmt: skip
        widgets = {"due_on": Day(), "organisation": ManyOptions, "site": ManyOptions}

    def __init__(self, *args: Any, viewer: object, category: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.category = category
        self.fields["organisation"].queryset = selectors.customers(viewer)
        sites = selectors.sites(viewer)
        self.fields["site"].queryset = sites
        self.fields["site"].label_from_instance = lambda site: f"{site.organisation} · {site.name}"
        self.fields["version"].initial = self.instance.version
        self.parameters = selectors.parameters_of(category, timezone.localdate())
        present = self.instance.parameters or {}
        for parameter in self.parameters:
            self.fields[PREFIX + parameter.name] = _parameter_field(parameter, present.get(parameter.name, ""))

    def facts(self) -> dict[str, Any]:
        """The fields for the services. Parameters that no field asks for are kept as they are."""
        data = {name: self.cleaned_data[name] for name in self.Meta.fields}
        parameters = dict(self.instance.parameters or {})
        for parameter in self.parameters:
            if value := self.cleaned_data[PREFIX + parameter.name].strip():
                parameters[parameter.name] = value
            else:
                parameters.pop(parameter.name, None)
        return data | {"category": self.category, "parameters": parameters}


def _parameter_field(parameter: Parameter, value: str) -> forms.Field:
    language = get_language() or "zh-hans"
    label = parameter.label.get(language)
    if parameter.unit and parameter.unit != "1":
        label += f"（{parameter.unit}）"
    if parameter.options:
        choices = [("", "—"), *((option.value, option.label.get(language)) for option in parameter.options)]
        return forms.ChoiceField(label=label, required=False, choices=choices, initial=value)
    return forms.CharField(label=label, required=False, max_length=40, initial=value)


class StateForm(forms.Form):
    state = forms.ChoiceField(label=_("状态"), choices=Instrument.State.choices)
    why = forms.CharField(label=_("原因"), max_length=300)
    version = forms.IntegerField(widget=forms.HiddenInput())


class SubUnitForm(forms.ModelForm):
    class Meta:
        model = SubUnit
        fields = ["kind", "label", "number"]


class _OfInstrumentForm(forms.ModelForm):
    """A form about something at one instrument or at one of its sub-units."""

    on = forms.DateField(label=_("日期"), widget=Day())

    def __init__(self, *args: Any, instrument: Instrument, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sub_unit"].queryset = instrument.sub_units.order_by("label")
        self.fields["sub_unit"].empty_label = _("整机")
        self.fields["on"].initial = timezone.localdate()


class PartForm(_OfInstrumentForm):
    class Meta:
        model = Part
        fields = ["kind", "sub_unit", "model", "serial", "version"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("serial") and not data.get("version"):
            self.add_error("serial", _("编号和版本号至少填写一项"))
        return data


class SealForm(_OfInstrumentForm):
    class Meta:
        model = Seal
        fields = ["position", "sub_unit", "code"]


class ImportForm(forms.Form):
    file = forms.FileField(label=_("台账文件（.xlsx）"), widget=forms.FileInput(attrs={"accept": ".xlsx"}))
