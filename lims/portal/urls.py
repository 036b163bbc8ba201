from django.urls import path

from lims.portal import views

app_name = "portal"
urlpatterns = [
    path("portal/", views.home, name="home"),
    path("portal/instruments/<int:pk>/", views.instrument, name="instrument"),
    path("v/", views.verify, name="verify"),
    path("v/<str:token>/", views.certificate, name="certificate"),
]
