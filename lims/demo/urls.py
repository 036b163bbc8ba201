from django.urls import path

from lims.demo import views

app_name = "demo"
urlpatterns = [
    path("instruments/", views.instruments, name="instruments"),
    path("instruments/<str:do>/", views.act, name="act"),
]
