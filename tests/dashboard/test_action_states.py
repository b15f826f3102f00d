"""What a payment's page offers in each state, its POSTs accept; what it hides, they refuse without a change."""

from __future__ import annotations

import re

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from oscar_mpesa.models import MpesaBlockedPhone, MpesaPayment
from oscar_mpesa.services.status_query import QueryResult, query_status
from tests.browser import states
from tests.dashboard.failed_payments import blocked, waited
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.dashboard.undoing import undone
from tests.rows import all_rows, changed_since
from tests.shop import NOON, new_staff_user

pytestmark = pytest.mark.django_db

#: The actions of a payment's page, with what each needs and sends.
ACTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "check-status": ("act_on_payment", {}),
    "send-prompt": ("act_on_payment", {}),
    "send-prompt to another": ("act_on_payment", {"prompt-number": "0799 000 111"}),
    "send-again": ("act_on_payment", {}),
    "make-link": ("act_on_payment", {}),
    "revoke-link": ("act_on_payment", {}),
    "block-phone": ("block_phone", {"block-note": "she called"}),
    "close-order": ("close_order", {"close-note": "gave up"}),
}

PEOPLE = {
    "nothing": (),
    "act_on_payment": ("act_on_payment",),
    "block_phone": ("block_phone",),
    "close_order": ("close_order",),
    "all": ("act_on_payment", "block_phone", "close_order"),
}

FORM = re.compile(r'<form method="post" action="([^"]+)">(.*?)</form>', re.DOTALL)


STATES = {**states.STATES, "failed, waited": waited, "failed, blocked": blocked}

#: Tables that keep tries, refused ones too.
ATTEMPTS = {"oscar_mpesa_mpesapushattempt", "oscar_mpesa_mpesalimitlock"}

#: In each run. The others are slow.
DAILY = ("enter-pin", "failed, cancelled", "failed, waited", "failed, blocked", "paid", "closed", "mismatch")


def offered(client: Client, payment: MpesaPayment) -> set[str]:
    """Return the actions whose forms have a button that can be pressed."""
    page = client.get(url_of("payment", payment.pk)).content.decode()
    forms = {(url, "prompt-number" in form) for url, form in FORM.findall(page) if "<button" in form}
    return {action for action in ACTIONS if (action_url(payment, action), " to " in action) in forms}


def action_url(payment: MpesaPayment, action: str) -> str:
    """Return the URL of an action. Both prompts have the same one."""
    return url_of(f"payment-{action.partition(' ')[0]}", payment.pk)


def press(client: Client, payment: MpesaPayment, action: str) -> tuple[bool, int, list[str]]:
    """Post an action; return whether rows changed, the status and the messages. All changes are undone."""
    fields = {**ACTIONS[action][1], "newest": str(newest(payment).pk)}
    with undone():
        before = all_rows()
        answer = client.post(action_url(payment, action), fields)
        sentences = [str(each) for each in get_messages(answer.wsgi_request)]
        return bool(changed_since(before) - ATTEMPTS), answer.status_code, sentences


def newest(payment: MpesaPayment) -> MpesaPayment:
    return payment.mpesa_order.payments.latest("pk")


@pytest.mark.parametrize(
    "state", [pytest.param(each, marks=() if each in DAILY else pytest.mark.slow) for each in STATES]
)
def test_page_offers_exactly_what_its_posts_accept(state: str) -> None:
    payment = STATES[state]()
    client = staff_client(*PEOPLE["all"])

    shown, results = offered(client, payment), {action: press(client, payment, action) for action in ACTIONS}

    assert {action for action, (has_changed, _, _) in results.items() if has_changed} == shown
    assert {status for _, status, _ in results.values()} == {302}
    assert [action for action, (_, _, sentences) in results.items() if not sentences] == []


@pytest.mark.parametrize("who", PEOPLE)
def test_page_offers_actions_by_permission(who: str) -> None:
    payment, client = waited(), staff_client(*PEOPLE[who])

    shown, results = offered(client, payment), {action: press(client, payment, action) for action in ACTIONS}

    allowed = {action for action, (permission, _) in ACTIONS.items() if permission in PEOPLE[who]}
    assert shown == allowed - {"send-again", "revoke-link"}
    assert {action for action, (has_changed, _, _) in results.items() if has_changed} == shown
    assert {action for action, (_, status, _) in results.items() if status == 403} == set(ACTIONS) - allowed


def test_blocked_number_is_offered_no_prompt() -> None:
    payment, client = blocked(), staff_client("act_on_payment")

    page, shown = page_text(client.get(url_of("payment", payment.pk))), offered(client, payment)
    MpesaBlockedPhone.objects.all().delete()

    assert "blocked: no more prompts to it" in page
    assert "send-prompt" not in shown
    assert "send-prompt" in offered(client, payment)


def test_staff_cannot_query_a_payment_without_an_id() -> None:
    payment, before = states.enter_pin(), all_rows()

    result = query_status(payment, by=new_staff_user("act_on_payment"), now=NOON)

    assert result is QueryResult.NOTHING
    assert all_rows() == before
