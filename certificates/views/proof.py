"""How an approver proves himself on a page that signs: own key, passkey shown just before, or password."""

from typing import Any

from django.http import HttpRequest

from certificates.forms import PasswordForm
from instruments.views.review import passkey_just_shown, password_try_counts
from lims.people.selectors import how_to_sign


def proof(request: HttpRequest, form: PasswordForm) -> dict[str, Any]:
    """Keyword arguments for the services that sign. Raises Refused for too many wrong passwords. The form is valid."""
    if how_to_sign(request.user) == "key":
        return {"passphrase": form.cleaned_data["passphrase"]}
    if shown := passkey_just_shown(request):
        request.session["approval_proof_used"] = shown
        return {"reauthenticated": True}
    password_try_counts(request, form.cleaned_data["password"])
    return {"password": form.cleaned_data["password"]}
