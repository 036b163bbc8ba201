"""An empty installation gets its first administrator at the terminal, and only its first."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from lims.audit.models import Event
from lims.people import selectors
from lims.people.models import Organisation, User

PASSWORD = "a-Passphrase-of-2026"


def administrator(*arguments: str) -> str:
    out = StringIO()
    call_command("administrator", *arguments, stdout=out)
    return out.getvalue().strip()


@pytest.mark.django_db
def test_the_first_administrator_sets_a_password_by_the_printed_link_and_adds_the_others(client, settings):
    settings.BASE_URL = "http://testserver"
    link = administrator("guanli", "--name", "管理员", "--institute", "测试所")
    made = User.objects.get(username="guanli")
    assert selectors.roles_of(made) == {"administrator"} and not made.has_usable_password()
    assert made.organisation == Organisation.objects.get(kind="institute", name="测试所")
    post = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    assert client.post(link, post).status_code == 302
    assert client.login(username="guanli", password=PASSWORD)
    assert client.get("/people/new/").status_code == 200
    verbs = ["organisation.added", "person.added", "person.link_made", "person.password_set"]
    assert [one.verb for one in Event.objects.all()] == verbs


@pytest.mark.django_db
def test_without_the_institutes_name_and_for_a_second_one_it_is_refused_and_nothing_is_written():
    for arguments in (("guanli", "--name", "管理员"), ("new", "--name", "管理员", "--institute", "测试所")):
        with pytest.raises(CommandError):
            administrator(*arguments)
        assert not User.objects.exists() and not Organisation.objects.exists() and not Event.objects.exists()
    administrator("guanli", "--name", "管理员", "--institute", "测试所")
    with pytest.raises(CommandError, match="已有系统管理员"):
        administrator("second", "--name", "另一人")
    User.objects.update(is_active=False)
    assert "/people/first-password/" in administrator("second", "--name", "另一人")
