from django.apps import AppConfig


class AuditorConfig(AppConfig):
    name = "lims.auditor"
    label = "auditor"
    verbose_name = "审核"

    def ready(self) -> None:
        """Registers the job handler that seals reports."""
        from lims.auditor.services import reporting  # noqa: F401
