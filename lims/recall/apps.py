from django.apps import AppConfig


class RecallConfig(AppConfig):
    name = "lims.recall"
    label = "recall"
    verbose_name = "影响追溯"

    def ready(self) -> None:
        """Registers the job that computes again."""
        from lims.recall.services import computing  # noqa: F401
