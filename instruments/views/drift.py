"""How an instrument's errors moved over its records: data for the plot on its page."""

from django.http import Http404, HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from instruments.models import Instrument
from instruments.selectors.drift import drift
from instruments.selectors.work import sees_everything


@require_GET
def instrument_drift(request: HttpRequest, pk: int) -> JsonResponse:
    """`{"series": [{item, column, label, unit, point, points: [{day, value, lower, upper, record}]}]}`, oldest day first."""
    if not sees_everything(request.user):
        raise Http404
    return JsonResponse({"series": drift(get_object_or_404(Instrument, pk=pk))})
