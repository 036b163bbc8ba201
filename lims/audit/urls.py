from datetime import date

from django.urls import path, register_converter

from lims.audit import views


class Day:
    """A calendar day as 2026-11-22."""

    regex = r"\d{4}-\d{2}-\d{2}"
    to_python = staticmethod(date.fromisoformat)
    to_url = staticmethod(str)


register_converter(Day, "day")
app_name = "audit"
urlpatterns = [
    path("checkpoint", views.checkpoint, name="checkpoint"),
    path("log.vkey", views.key, name="vkey"),
    path("keys/<int:number>", views.handover, name="handover"),
    path("stamps/", views.stamps, name="stamps"),
    path("stamps/<day:day>.tst", views.stamp, name="stamp"),
    path("stamps/<day:day>.checkpoint", views.stamped, name="stamped"),
    path("stamps/roots.pem", views.stamp_roots, name="stamp_roots"),
    path("tile/<path:rest>", views.tile, name="tile"),
]
