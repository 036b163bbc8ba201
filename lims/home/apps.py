from django.apps import AppConfig


class HomeConfig(AppConfig):
    name = "lims.home"
    label = "home"
    verbose_name = "首页"

    def ready(self) -> None:
        """Registers the job handlers of reminders and the doctor's question."""
        from lims.home import probes  # noqa: F401
        from lims.home.services import reminding  # noqa: F401
