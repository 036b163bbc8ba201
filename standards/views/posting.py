"""What every page with a form does: run the service, show its refusal, or lead on; and how a kept paper is given out."""

from collections.abc import Callable
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from lims.core import files
from lims.core.models import StoredFile
from lims.core.text import Reason, Refused, reason


def form_page(
    request: HttpRequest,
    form: object,
    *,
    title: object,
    back: str,
    reasons: tuple[Reason, ...] = (),
    intro: object = "",
) -> HttpResponse:
    """A page with one form; 422 when the service refused."""
    context = {"form": form, "title": title, "back": back, "reasons": reasons, "intro": intro}
    return render(request, "standards/form.html", context, status=422 if reasons else 200)


def original(file: StoredFile, name: str, *, beside: bool = False) -> HttpResponse:
    """A kept paper as a download; `beside`: a PDF that the browser shows by itself, to be compared with an entry.

    Raises Refused when its bytes are gone or altered.
    """
    try:
        data = files.read(file.sha256)
    except (OSError, ValueError):
        raise Refused(
            reason(
                "original_damaged",
                "原件在磁盘上丢失或已被改动",
                "The paper is missing on the disk or has been altered",
                "请管理员从备份恢复文件后重试",
                "Have the administrator bring the file back from the backup",
            )
        ) from None
    kind = {"application/pdf": "pdf", "application/xml": "xml"}.get(file.media_type, "bin")
    # A browser shows no PDF in a sandbox; what was judged a plain PDF when it came has nothing that acts.
    shown = beside and kind == "pdf"
    return HttpResponse(
        data,
        content_type=file.media_type,
        headers={
            "Content-Disposition": f"{'inline' if shown else 'attachment'}; "
            f"filename=\"{file.sha256[:12]}.{kind}\"; filename*=UTF-8''{quote(name)}.{kind}",
            "Content-Security-Policy": f"{'' if shown else 'sandbox; '}default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )


def attempt(deed: Callable[[], object]) -> tuple[Reason, ...]:
    """Runs the deed; the reasons when it was refused, empty when it was done."""
    try:
        deed()
    except Refused as refusal:
        return refusal.reasons
    return ()


def done(request: HttpRequest, address: str) -> HttpResponse:
    messages.success(request, _("已保存"))
    return redirect(address)


def refuse(*reasons: Reason | None) -> None:
    """Answers the request with the refusal page when there is any reason."""
    found = [one for one in reasons if one is not None]
    if found:
        raise Refused(*found)


def deed_page(
    request: HttpRequest,
    form: forms.BaseForm,
    deed: Callable[..., object],
    *,
    title: object,
    back: str,
    intro: object = "",
) -> HttpResponse:
    """Runs the service with the fields of a good form and leads back; shows its refusal above the form."""
    reasons = ()
    if form.is_bound and form.is_valid():
        reasons = attempt(lambda: deed(by=request.user, **form.cleaned_data))
        if not reasons:
            return done(request, back)
    return form_page(request, form, title=title, back=back, reasons=reasons, intro=intro)
