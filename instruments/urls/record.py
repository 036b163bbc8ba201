"""Addresses of original records."""

from django.urls import path

from instruments.views import drift, entries, offline, record

urlpatterns = [
    path("records/worker.js", offline.worker, name="record_worker"),
    path("records/<uuid:pk>/", record.record_sheet, name="record_sheet"),
    path("records/<uuid:pk>/entries/", entries.record_entries, name="record_entries"),
    path("records/<uuid:pk>/devices/", record.record_devices, name="record_devices"),
    path("records/<uuid:pk>/capture/", record.record_capture, name="record_capture"),
    path("records/<uuid:pk>/submit/", record.record_submit, name="record_submit"),
    path("records/<uuid:pk>/print/", record.record_print, name="record_print"),
    path("instruments/<int:pk>/drift.json", drift.instrument_drift, name="instrument_drift"),
]
