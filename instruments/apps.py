from django.apps import AppConfig


class InstrumentsConfig(AppConfig):
    name = "instruments"
    label = "instruments"
    verbose_name = "器具与检定"
