"""Django's `migrate`; it does not refuse a database without triggers, since it lays them itself at the end."""

from typing import Any

from django.core.management.commands import migrate

from lims.core.checks import triggers_about_to_be_laid


class Command(migrate.Command):
    def check(self, *args: Any, **kwargs: Any) -> None:
        with triggers_about_to_be_laid():
            super().check(*args, **kwargs)
