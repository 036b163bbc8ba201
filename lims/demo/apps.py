from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "lims.demo"
    label = "demo"
    verbose_name = "演示"
