"""Addresses of the instruments app, topic by topic."""

from instruments.urls import ledger, record, work

app_name = "instruments"
urlpatterns = [*ledger.urlpatterns, *work.urlpatterns, *record.urlpatterns]
