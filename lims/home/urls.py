from django.urls import path

from lims.home import views

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="home_search"),
    path("reminders/", views.reminders, name="home_reminders"),
]
