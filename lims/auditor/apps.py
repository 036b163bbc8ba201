from django.apps import AppConfig


class AuditorConfig(AppConfig):
    name = "lims.auditor"
    label = "auditor"
    verbose_name = "审核"
