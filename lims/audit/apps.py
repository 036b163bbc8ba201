from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps


class AuditConfig(AppConfig):
    name = "lims.audit"
    label = "audit"
    verbose_name = "事件日志"

    def ready(self) -> None:
        """Collects every app's `verbs.py`, so that an event can always be told as a sentence; registers the doctor's question."""
        from lims.audit import probes  # noqa: F401

        for config in apps.get_app_configs():
            name = f"{config.name}.verbs"
            if find_spec(name):
                import_module(name)
