from django.apps import AppConfig


class HomeConfig(AppConfig):
    name = "lims.home"
    label = "home"
    verbose_name = "首页"
