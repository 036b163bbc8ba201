from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "lims.people"
    label = "people"
    verbose_name = "机构与人员"

    def ready(self) -> None:
        """Registers the doctor's question."""
        from lims.people import probes  # noqa: F401
