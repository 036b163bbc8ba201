"""What a bench's agent talks to. Each bench proves itself with its own token; size, pace and shape of what it sends are
checked before anything is done; every refusal is JSON with a sentence in both languages."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from devices import bodies, services
from devices.limits import LARGEST_BODY, wait_for_turn
from devices.models import Bench
from lims.core.text import DataError, Refused

Service = Callable[[Bench, dict[str, Any]], dict[str, Any]]


def _refusal(status: int, zh: str, en: str, **more: object) -> JsonResponse:
    return JsonResponse({"error": {"zh": zh, "en": en}, **more}, status=status)


def _bench(request: HttpRequest) -> Bench | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bench":
        return None
    digest = hashlib.sha256(token.strip().encode("utf-8", "replace")).hexdigest()
    return Bench.objects.filter(token_sha256=digest, active=True).first()


def for_benches(door: str, handle: Service) -> Callable[[HttpRequest], JsonResponse]:
    """Turns a service of (bench, body) into an endpoint."""

    @wraps(handle)
    def view(request: HttpRequest) -> JsonResponse:
        bench = _bench(request)
        if bench is None:
            return _refusal(401, "工位令牌无效或已停用", "The bench token is unknown or disabled")
        if wait := wait_for_turn(bench.pk, door):
            answer = _refusal(429, f"请求过于频繁，请 {wait} 秒后再试", f"Too many requests; try again in {wait} s")
            answer["Retry-After"] = str(wait)
            return answer
        try:
            # What is announced as short may be long and the reverse, so the bytes are counted and not the promise.
            raw = request.read(LARGEST_BODY + 1)
            if len(raw) > LARGEST_BODY:
                return _refusal(413, "数据过大", "The body is too large")
            answer = JsonResponse(handle(bench, bodies.parse(raw)))
        except RequestDataTooBig:
            return _refusal(413, "数据过大", "The body is too large")
        except UnreadablePostError:
            return _refusal(400, "数据没有收完整", "The body did not arrive whole", path="")
        except DataError as error:
            path = error.path
            return _refusal(400, f"{path}：{error.text.zh}", f"{path}: {error.text.en}", path=path, code="malformed")
        except Refused as refused:
            one = refused.reasons[0]
            return JsonResponse({"error": one.text.as_json(), "code": one.code}, status=409)
        return answer

    return login_not_required(csrf_exempt(require_POST(view)))


poll = for_benches("poll", services.poll)
ingest = for_benches("ingest", services.ingest)
