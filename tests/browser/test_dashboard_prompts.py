"""Staff send a prompt to another number or for the balance; a number that is blocked gets no button."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.test import Client

from oscar_mpesa.models import MpesaPayment
from tests.browser import states
from tests.browser.shopper import Person
from tests.dashboard.failed_payments import blocked
from tests.services.money import row
from tests.shop import new_staff_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCRIPTS = pytest.mark.parametrize(("width", "scripts"), [(1280, True), (360, False)])


def clerk(person: Person) -> Person:
    client = Client()
    client.force_login(new_staff_user("view_mpesapayment", "act_on_payment", "view_full_phone", "record_claim"))
    name = django_settings.SESSION_COOKIE_NAME
    person.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": person.shop}])
    return person


@SCRIPTS
def test_blocked_number_has_no_button_and_another_gets_the_prompt(
    new_visitor: Callable[..., Person], width: int, scripts: bool
) -> None:
    payment = blocked()
    desk = clerk(new_visitor(width=width, scripts=scripts))
    desk.goes(f"dashboard/mpesa/payments/{payment.pk}/")

    desk.page.get_by_text("Send a prompt", exact=True).click()
    words, same = desk.looks("blocked"), desk.page.get_by_role("button", name="Send the prompt to 0712").count()
    desk.page.fill("[name=prompt-number]", "0799 000 111")
    desk.page.get_by_role("button", name="Send the prompt to this number").click()
    desk.page.wait_for_selector(".alert-success")

    assert "The owner of this number asked not to get prompts." in words
    assert same == 0
    assert MpesaPayment.objects.latest("pk").phone == "254799000111"


@SCRIPTS
def test_balance_of_an_order_is_asked_from_another_number(
    new_visitor: Callable[..., Person], width: int, scripts: bool
) -> None:
    payment = states.part_paid()
    balance = row(payment.mpesa_order.order).balance
    desk = clerk(new_visitor(width=width, scripts=scripts))
    desk.goes(f"dashboard/mpesa/payments/{payment.pk}/")

    desk.page.get_by_text("Send a prompt", exact=True).click()
    words = desk.looks("balance")
    desk.page.fill("[name=prompt-number]", "0799 000 111")
    desk.page.get_by_role("button", name="Send the prompt to this number").click()
    desk.page.wait_for_selector(".alert-success")

    sent = MpesaPayment.objects.latest("pk")
    assert balance is not None and f"The prompt is for the balance of KSh {balance:,.0f}." in words
    assert (sent.phone, sent.amount) == ("254799000111", balance)
