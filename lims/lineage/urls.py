"""Addresses among the auditor's: what an auditor with a scope sees here is narrowed to it."""

from django.urls import path

from lims.lineage import views

app_name = "lineage"
urlpatterns = [
    path("<str:kind>/<str:key>/", views.graph_page, name="graph"),
    path("<str:kind>/<str:key>/records/", views.records_page, name="records"),
]
