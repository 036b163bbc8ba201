"""Handing out the evidence bundle of a certificate."""

import tempfile

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from certificates import bundle, selectors, services
from instruments.selectors.work import sees_everything
from lims.core.text import Refused

IN_MEMORY = 4 << 20


@require_GET
def download(request: HttpRequest, number: str) -> HttpResponse | FileResponse | HttpResponseRedirect:
    """The whole inside of one certificate as a file, for auditors and the institute's people; each download is noted."""
    if not sees_everything(request.user):
        raise Http404
    certificate = get_object_or_404(selectors.certificates(request.user), number=number, supplements=None)
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed with the answer
    try:
        services.note_evidence(certificate, by=request.user)
        bundle.write(certificate, file)
    except FileNotFoundError:
        messages.info(request, _("证书尚未盖章或尚未登入日志，证据包暂不能生成，请稍候。"))
        return redirect("certificates:detail", number=number)
    except Refused as refused:
        messages.error(request, refused.reasons[0].text.get(get_language() or "zh-hans"))
        return redirect("certificates:detail", number=number)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{number}.evidence.zip", content_type="application/zip")
