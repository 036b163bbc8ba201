"""Addresses of the ledger."""

from django.urls import path, re_path

from instruments.views import ledger, ledger_files

urlpatterns = [
    path("instruments/", ledger.ledger, name="ledger"),
    path("instruments/new/", ledger.instrument_new, name="instrument_new"),
    path("instruments/sites/new/", ledger.site_new, name="site_new"),
    path("instruments/import/", ledger_files.ledger_import, name="ledger_import"),
    path("instruments/export.xlsx", ledger_files.ledger_export, name="ledger_export"),
    path("instruments/template.xlsx", ledger_files.ledger_template, name="ledger_template"),
    path("instruments/<str:number>/", ledger.instrument, name="instrument"),
    path("instruments/<str:number>/edit/", ledger.instrument_edit, name="instrument_edit"),
    path("instruments/<str:number>/state/", ledger.instrument_state, name="instrument_state"),
    re_path(
        r"^instruments/(?P<number>[^/]+)/(?P<what>sub-units|parts|seals)/new/$",
        ledger.instrument_add,
        name="instrument_add",
    ),
]
