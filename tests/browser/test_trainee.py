"""A trainee at the sheet: readings are kept, submitting is the supervisor's, with the own account and the own key."""

import pytest
from django.urls import reverse

from instruments.models import Record
from lims.people.models import Signature, Supervision
from lims.people.services import keys
from tests import factories
from tests.browser.conftest import PHONE
from tests.browser.waiting import until
from tests.work.test_supervision import measured

pytestmark = pytest.mark.django_db(transaction=True)
PASSPHRASE = "four unrelated words here"


@pytest.fixture
def lab(transactional_db):
    found = factories.laboratory()
    found.trainee = factories.person("trainee", "见习员壬", found.institute, "technician")
    training = factories.authorise(found.trainee, "train")
    Supervision.objects.create(authorisation=training, supervisor=found.colleague)
    return found


def test_the_trainee_cannot_submit_alone_and_the_supervisor_confirms(
    lab, new_page, login, settings, each_theme, screenshot
):
    settings.PERSONAL_SIGNATURES = "required"
    keys.create_key(lab.colleague, by=lab.colleague, passphrase=PASSPHRASE, reauthenticated=True)
    record = measured(lab)
    address = reverse("instruments:record_sheet", args=[record.pk])

    trainee = new_page(PHONE)
    login(trainee, lab.trainee)
    trainee.goto(address)
    until(trainee, "document.querySelector('[data-sheet-status]').dataset.state === 'saved'")
    assert trainee.get_by_text("不能单独提交").is_visible() and "检定员乙" in trainee.inner_text(".notice-warning")
    assert trainee.get_by_role("button", name="提交").count() == 0
    each_theme(trainee)
    screenshot(trainee, "trainee-sheet")

    page = new_page()
    login(page, lab.colleague)
    page.goto(address)
    each_theme(page)
    screenshot(page, "supervisor-sheet")
    page.get_by_label("签名口令").fill(PASSPHRASE)
    page.get_by_role("button", name="确认并提交").click()
    page.wait_for_url("**/tasks/**")
    record = Record.objects.get(pk=record.pk)
    assert (record.state, record.supervised_by) == ("frozen", lab.colleague)
    assert Signature.objects.get(act="submit").person == lab.colleague

    page.goto(reverse("people:competence"))
    each_theme(page)
    page.get_by_role("link", name="JJG 1148 交流充电桩").click()
    each_theme(page)
    assert page.get_by_role("link", name="见习员壬").count() >= 1
    page.goto(reverse("people:person", args=["trainee"]))
    each_theme(page)
