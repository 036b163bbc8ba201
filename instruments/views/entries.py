"""The sheet's own endpoint: GET tells what is stored, PATCH saves a batch (see sheet.js)."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from instruments.models import Record
from instruments.rules import record as rules
from instruments.selectors.record import Sheet, records, sheet
from instruments.services.entries import Clash, Draft, Saved, is_corrected, save_entries
from lims.core.text import Reason, Refused, reason
from standards.procedures import Evaluation, provenance
from standards.procedures.results import CONCLUSIONS


@require_http_methods(["GET", "PATCH"])
def record_entries(request: HttpRequest, pk: uuid.UUID) -> JsonResponse:
    """STATE of the sheet. PATCH answers 200 when all was saved, 409 with a conflict, 422 with a refusal."""
    record = get_object_or_404(records(request.user), pk=pk)
    if request.method == "GET":
        return JsonResponse(_state(request, record))
    try:
        drafts, wrong = _drafts(request)
    except ValueError:
        return JsonResponse({"reasons": [_malformed().as_json()]}, status=400)
    try:
        saved = save_entries(record, by=request.user, drafts=drafts)
    except Refused as refused:
        closed = {"version": record.version, "editable": False, "saved": [], "conflicts": []}
        refusals = [_refused(str(one.client_id), one.path, refused.reasons) for one in drafts]
        return JsonResponse(
            closed | {"refused": refusals, "evaluation": _evaluation(sheet(record).evaluation)}, status=422
        )
    answer = _answer(saved, wrong)
    return JsonResponse(answer, status=409 if answer["conflicts"] else 422 if answer["refused"] else 200)


def _drafts(request: HttpRequest) -> tuple[list[Draft], list[dict[str, Any]]]:
    """The drafts of the request, and an answer for each entry that cannot be read. Raises ValueError for another shape."""
    body = json.loads(request.body)
    entries = body.get("entries") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        raise ValueError("no entries")
    drafts, wrong = [], []
    for one in entries:
        try:
            drafts.append(_draft(one))
        except (ValueError, KeyError, TypeError, AttributeError):
            known = one if isinstance(one, dict) else {}
            wrong.append(_refused(str(known.get("entry", "")), str(known.get("path", "")), [_malformed()]))
    return drafts, wrong


def _draft(one: Mapping[str, Any]) -> Draft:
    live, why = one.get("live") or {}, one.get("reason") or {}
    rig = one.get("source") == "rig"
    made_at: datetime | None = parse_datetime(str(one.get("made_at") or ""))
    texts = (one["path"], one["value"], one.get("previous", ""))
    if not all(isinstance(text, str) for text in texts) or (made_at is not None and made_at.tzinfo is None):
        raise ValueError("not text")
    return Draft(
        client_id=uuid.UUID(one["entry"]),
        path=one["path"],
        value=one["value"],
        previous=one.get("previous", ""),
        reading=int(live.get("reading") or 0) if rig and one["value"] else None,
        why_code=str(why.get("code") or ""),
        why=str(why.get("text") or "")[:300],
        made_at=made_at,
    )


def _state(request: HttpRequest, record: Record) -> dict[str, Any]:
    page: Sheet = sheet(record)
    return {
        "version": record.version,
        "editable": rules.may_write(record, request.user) is None,
        "saved": [],
        "conflicts": [],
        "refused": [],
        "values": {
            path: {"value": entry.value, "origin": entry.origin, "corrected": is_corrected(entry)}
            for path, entry in page.entries.items()
        },
        "evaluation": _evaluation(page.evaluation),
    }


def _answer(saved: Saved, wrong: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "version": saved.version,
        "editable": True,
        "saved": [
            {
                "entry": str(draft.client_id),
                "path": draft.path,
                "value": value,
                "origin": origin,
                "corrected": corrected,
            }
            for draft, value, origin, corrected in saved.saved
        ],
        "conflicts": [_conflict(clash) for clash in saved.clashes],
        "refused": [*wrong, *(_refused(str(draft.client_id), draft.path, why) for draft, why in saved.refused)],
        "evaluation": _evaluation(saved.evaluation) if saved.evaluation else None,
    }


def _conflict(clash: Clash) -> dict[str, Any]:
    return {
        "entry": str(clash.draft.client_id),
        "path": clash.draft.path,
        "yours": clash.draft.value,
        "theirs": clash.theirs.value,
        "by": str(clash.theirs.by),
        "at": clash.theirs.at.isoformat(),
    }


def _refused(entry: str, path: str, reasons: Any) -> dict[str, Any]:
    language = get_language() or "zh-hans"
    return {
        "entry": entry,
        "path": path,
        "reasons": [
            {"code": one.code, "text": one.text.get(language), "action": one.action.get(language) if one.action else ""}
            for one in reasons
        ],
    }


def _evaluation(evaluation: Evaluation) -> dict[str, Any]:
    language = get_language() or "zh-hans"
    lines = {item: [one.get(language) for one in told] for item, told in provenance(evaluation).items()}
    text = CONCLUSIONS[evaluation.conclusion].get(language)
    return evaluation.as_json() | {"conclusion_text": text, "corrections": lines}


def _malformed() -> Reason:
    return reason(
        "malformed",
        "数据格式不对，没有保存",
        "The data is malformed and was not saved",
        "请刷新页面后重新录入",
        "Reload the page and enter it again",
    )
