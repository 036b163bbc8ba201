from django.apps import AppConfig


class StandardsConfig(AppConfig):
    name = "standards"
    label = "standards"
    verbose_name = "计量标准"

    def ready(self) -> None:
        """Tells the people's app which procedures there are to be authorised for."""
        from lims.people import items
        from standards.selectors.procedures import items_on

        items.register(items_on)
