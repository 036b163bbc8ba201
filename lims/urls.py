"""Every address of the system, app by app. Each app's own urls.py is included when it has one."""

from importlib.util import find_spec

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

APPS = (
    ("", "lims.home"),
    ("", "lims.portal"),
    ("", "lims.auditor"),
    ("recall/", "lims.recall"),
    ("audit/graph/", "lims.lineage"),
    ("certificates/", "certificates"),
    ("", "instruments"),
    ("devices/", "devices"),
    ("standards/", "standards"),
    ("log/", "lims.audit"),
    ("people/", "lims.people"),
    ("demo/", "lims.demo"),
)
urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("language/", login_not_required(set_language), name="set_language"),
    *(path(prefix, include(f"{app}.urls")) for prefix, app in APPS if find_spec(f"{app}.urls")),
]
