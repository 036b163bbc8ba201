from django.urls import path

from lims.audit import views

app_name = "audit"
urlpatterns = [
    path("checkpoint", views.checkpoint, name="checkpoint"),
    path("log.vkey", views.key, name="vkey"),
    path("tile/<path:rest>", views.tile, name="tile"),
]
