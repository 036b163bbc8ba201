from django.urls import path

from lims.portal import notices, views

app_name = "portal"
urlpatterns = [
    path("portal/", views.home, name="home"),
    path("portal/instruments/<int:pk>/", views.instrument, name="instrument"),
    path("portal/notices/", notices.notices, name="notices"),
    path("portal/notices/<int:pk>/seen/", notices.seen, name="notice_seen"),
    path("v/", views.verify, name="verify"),
    path("v/file", views.file, name="file"),
    path("v/status", views.status, name="status"),
    path("v/root-ca.pem", views.roots, name="roots"),
    path("v/<str:token>/", views.certificate, name="certificate"),
    path("v/<str:token>/proof", views.proof, name="proof"),
]
