"""Forms of the public and customer pages."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

# A little below what the server reads of any request (lims.core.bounds).
LARGEST_UPLOAD_MB = 30


class VerifyForm(forms.Form):
    """What stands on the paper: number and check value."""

    number = forms.CharField(label=_("证书编号"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    check_value = forms.CharField(
        label=_("校验码"), max_length=8, help_text=_("印在证书编号下方的六位字符"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )  # fmt: skip


class FileForm(forms.Form):
    """A file to be judged by the server, where the browser cannot do it. It is looked at and forgotten."""

    file = forms.FileField(
        label=_("PDF 证书原文件"),
        widget=forms.FileInput(attrs={"accept": ".pdf,application/pdf", "data-verify-input": ""}),
        error_messages={"required": _("请先选择 PDF 文件"), "empty": _("文件是空的，请选择 PDF 证书原文件")},
    )

    def clean_file(self) -> UploadedFile:
        """Too large, and what does not begin as a PDF whatever its name says, is refused before anything reads it."""
        given: UploadedFile = self.cleaned_data["file"]
        if (given.size or 0) > LARGEST_UPLOAD_MB * 1024 * 1024:
            raise forms.ValidationError(
                _("文件超过 %(limit)d MB，服务器不检查。开启 JavaScript 后可在浏览器中检查更大的文件。"),
                params={"limit": LARGEST_UPLOAD_MB},
            )
        begins = given.read(5)
        given.seek(0)
        if begins != b"%PDF-":
            raise forms.ValidationError(
                _("这不是 PDF 文件。请选择签发的 PDF 证书原文件，不要用照片、截图或重新打印的文件。")
            )
        return given
