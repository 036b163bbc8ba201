"""Form fields that several forms of standards and devices share."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from lims.core import pdf


class Day(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%d", **kwargs)


class WordsField(forms.CharField):
    """A list of words in one line, separated by spaces, commas or 、."""

    separators = " ,，、;；\n"

    def clean(self, value: Any) -> list[str]:
        text = str(super().clean(value) or "")
        for separator in self.separators:
            text = text.replace(separator, "\0")
        return [word for part in text.split("\0") if (word := " ".join(part.split()))]

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value) if isinstance(value, list) else value


class CodesField(WordsField):
    """A list of codes that have blanks inside, such as JJG 1148."""

    separators = ",，、;；\n"

    def prepare_value(self, value: Any) -> Any:
        return "、".join(value) if isinstance(value, list) else value


class PdfField(forms.FileField):
    """The bytes of an uploaded paper, or None. Whether they are a PDF is judged by the service, by their content."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("原件（PDF）"))
        kwargs.setdefault("required", False)
        kwargs.setdefault("help_text", format_lazy(_("PDF 扫描件，不超过 {size} MB"), size=pdf.LARGEST // 1024 // 1024))
        kwargs.setdefault("widget", forms.FileInput(attrs={"accept": ".pdf,application/pdf"}))
        super().__init__(**kwargs)

    def clean(self, data: UploadedFile | None, initial: Any = None) -> bytes | None:
        file = super().clean(data, initial)
        if not file:
            return None
        if file.size > pdf.LARGEST:
            raise forms.ValidationError(_("文件超过 %(size)s MB") % {"size": pdf.LARGEST // 1024 // 1024})
        return bytes(file.read())
