from django.urls import path

from lims.auditor import views

app_name = "auditor"
urlpatterns = [
    path("audit/", views.index, name="index"),
    path("audit/as-of/", views.as_of, name="as_of"),
    path("audit/clauses/", views.clause_map, name="clauses"),
    path("audit/events/", views.event_list, name="events"),
    path("audit/grants/", views.grant_list, name="grants"),
    path("audit/grants/<int:pk>/revoke/", views.revoke, name="revoke"),
    path("audit/samples/", views.sample_list, name="samples"),
    path("audit/samples/<int:pk>/", views.sample, name="sample"),
    path("audit/samples/<int:pk>/reports/new/", views.report_new, name="report_new"),
    path("audit/samples/<int:pk>/reports/<int:number>/", views.report, name="report"),
    path("audit/samples/<int:pk>/reports/<int:number>/archive/", views.report_archive, name="report_archive"),
    path("audit/samples/<int:pk>/<int:position>/", views.item, name="sample_item"),
    path("audit/trace/<str:number>/", views.trace, name="trace"),
    path("audit/trace/<str:number>/document/", views.document, name="document"),
]
