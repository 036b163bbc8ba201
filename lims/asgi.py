"""ASGI entry point. ASGI because live pages hold event streams open: under WSGI each viewer would take a thread."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lims.settings")
_django = get_asgi_application()

from devices.limits import Bounded  # noqa: E402 - after the settings
from lims.core.bounds import BoundedRequests  # noqa: E402

application = BoundedRequests(Bounded(_django))
