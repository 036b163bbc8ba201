"""Addresses of tasks."""

from django.urls import path

from instruments.views import pile, review, work

urlpatterns = [
    path("tasks/", work.task_list, name="task_list"),
    path("tasks/new/", work.task_new, name="task_new"),
    path("tasks/sign/check/", pile.check_pile, name="check_pile"),
    path("tasks/sign/approve/", pile.approve_pile, name="approve_pile"),
    path("tasks/<str:number>/", work.task_detail, name="task_detail"),
    path("tasks/<str:number>/assign/", work.task_assign, name="task_assign"),
    path("tasks/<str:number>/start/", work.task_start, name="task_start"),
    path("tasks/<str:number>/exception/", work.task_exception, name="task_exception"),
    path("tasks/<str:number>/cancel/", work.task_cancel, name="task_cancel"),
    path("tasks/<str:number>/void/", work.task_void, name="task_void"),
    path("tasks/<str:number>/check/", review.task_check, name="task_check"),
    path("tasks/<str:number>/approve/", review.task_approve, name="task_approve"),
    path("tasks/<str:number>/return/", review.task_return, name="task_return"),
]
