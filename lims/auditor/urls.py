from django.urls import path

from lims.auditor import views

app_name = "auditor"
urlpatterns = [
    path("audit/", views.index, name="index"),
    path("audit/as-of/", views.as_of, name="as_of"),
    path("audit/trace/<str:number>/", views.trace, name="trace"),
]
