"""What every template knows about the person looking at it."""

from django.conf import settings
from django.http import HttpRequest

from lims.people.selectors import is_staff, roles_of


def person(request: HttpRequest) -> dict[str, object]:
    user = getattr(request, "user", None)
    return {"roles": roles_of(user), "is_institute": is_staff(user), "demonstration": settings.DEMONSTRATION}
