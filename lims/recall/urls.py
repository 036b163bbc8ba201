"""Addresses under /recall/."""

from django.urls import path

from lims.recall import views

app_name = "recall"
urlpatterns = [
    path("", views.case_list, name="list"),
    path("new/", views.case_new, name="new"),
    path("line/", views.line, name="line"),
    path("said/", views.line_said, name="said"),
    path("<int:pk>/", views.case, name="case"),
    path("<int:pk>/edit/", views.case_edit, name="edit"),
    path("<int:pk>/supersede/", views.case_supersede, name="supersede"),
    path("<int:pk>/trace/", views.case_trace, name="trace"),
    path("<int:pk>/compute/", views.case_compute, name="compute"),
    path("<int:pk>/progress/", views.case_progress, name="progress"),
    path("<int:pk>/uncertified/", views.uncertified, name="uncertified"),
    path("<int:pk>/decide/", views.decide_many, name="decide_many"),
    path("<int:pk>/close/", views.case_close, name="close"),
    path("<int:pk>/letters/", views.letters_page, name="letters"),
    path("<int:pk>/items.csv", views.items_csv, name="csv"),
    path("<int:pk>/items/<int:item>/", views.item, name="item"),
]
