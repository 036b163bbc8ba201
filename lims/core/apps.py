from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class CoreConfig(AppConfig):
    name = "lims.core"
    label = "core"
    verbose_name = "内核"

    def ready(self) -> None:
        from lims import celery  # noqa: F401  (otherwise tasks would ring at Celery's default application and broker)
        from lims.core import checks, frozen, probes, search, tasks  # noqa: F401  (all but two register themselves)

        # A table rebuilt by a migration on SQLite silently loses its triggers, so they are laid anew after every migrate.
        pre_migrate.connect(frozen.lift_before_migrate, dispatch_uid="core.lift")
        post_migrate.connect(frozen.install_after_migrate, dispatch_uid="core.frozen")
        post_migrate.connect(search.install_after_migrate, dispatch_uid="core.search")
