"""What the payment page holds in each of its states, for the order's owner and for payers by its link."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from oscar_mpesa.access.ownership import LINKS_KEY, NUMBERS_KEY, ORDERS_KEY, PAYMENTS_KEY
from oscar_mpesa.models import MpesaPayLink, MpesaPayment
from tests.browser.states import STATES
from tests.checkout.people import page_url
from tests.query_counts import counted

pytestmark = pytest.mark.django_db(transaction=True)

#: The payment page's own part, without the shop's header and footer.
PANEL = re.compile(r'<div class="mpesa-panel mpesa-page.*?(?=<div class="mpesa-panel" id="mpesa-lost")', re.DOTALL)
PRIMARY = re.compile(r'<(?:button|a)[^>]*class="[^"]*\bbtn-primary\b[^"]*"[^>]*id="([a-z-]+)"')

#: The id of the one primary button for the owner of the order. Without one, there is nothing to do but wait.
PRIMARY_OF = {
    "enter-pin": "",
    "checking": "",
    "confirming": "",
    "failed, cancelled": "mpesa-again",
    "failed, wrong PIN": "mpesa-again",
    "failed, another number": "mpesa-send-to-other",
    "failed, the shop's fault": "mpesa-otherwise",
    "failed, named after expiry": "mpesa-again",
    "failed, pays later": "mpesa-again",
    "wait": "mpesa-again",
    "unanswered": "mpesa-check",
    "paid": "mpesa-done",
    "paid, in two parts": "mpesa-done",
    "paid, recorded by staff": "mpesa-done",
    "part-paid": "mpesa-again",
    "failed, part-paid": "mpesa-again",
    "surplus": "mpesa-done",
    "surplus, too much": "mpesa-done",
    "mismatch": "",
    "unpaid": "mpesa-again",
    "not-waiting": "",
    "closed": "mpesa-restore-basket",
    "closed, restored": "",
    "late": "",
    "reviewed": "",
    "used": "mpesa-restore-basket",
    "returned": "mpesa-restore-basket",
    "explained": "mpesa-restore-basket",
}


def reader(**session: Any) -> Client:
    client = Client()
    stored = client.session
    stored.update(session)
    stored.save()
    return client


def owner_of(payment: MpesaPayment) -> Client:
    return reader(**{ORDERS_KEY: [payment.mpesa_order.public_id], NUMBERS_KEY: [payment.phone]})


def payers_of(payment: MpesaPayment) -> list[Client]:
    """Return a payer by the order's link who started its last payment, and one who did not."""
    now = timezone.now()
    link = MpesaPayLink.objects.create(
        mpesa_order=payment.mpesa_order, created_at=now, expires_at=now + timedelta(days=1)
    )
    last = payment.mpesa_order.payments.latest("pk")
    return [reader(**{LINKS_KEY: [link.pk], PAYMENTS_KEY: ids}) for ids in ([last.pk], [])]


#: The number's field shows an example to everybody. The tests' first phone is the same number.
EXAMPLE = "Safaricom number, e.g. 0712 345 678"


def page_of(client: Client, payment: MpesaPayment) -> str:
    return client.get(page_url(payment)).content.decode()


def panel_of(page: str) -> str:
    found = PANEL.search(page)
    assert found is not None
    return found.group()


def test_each_state_has_an_expected_primary_button() -> None:
    assert set(PRIMARY_OF) == set(STATES)


@pytest.mark.parametrize("state", STATES)
def test_each_reader_finds_the_facts_and_at_most_one_primary_button(state: str) -> None:
    payment = STATES[state]()

    pages = [page_of(client, payment) for client in [owner_of(payment), *payers_of(payment)]]

    owner, payer, other = (panel_of(page) for page in pages)
    order = payment.mpesa_order.order.number
    line = rf'id="mpesa-about"><strong>KSh 1,[05]00</strong> · order {order} · Duka la Pwani'
    assert [bool(re.search(line, page)) for page in pages] == [True] * 3
    assert PRIMARY.findall(owner) == [each for each in [PRIMARY_OF[state]] if each]
    assert owner.count("btn-primary") == len(PRIMARY.findall(owner))
    assert [panel.count("btn-primary") <= 1 for panel in (payer, other)] == [True] * 2
    assert [panel.count("btn-primary") for panel in (payer, other) if "mpesa-send-to-other" in panel] in (
        [],
        [1],
        [1, 1],
    )
    assert "Pay from your phone" in payer or "Enter your number." not in payer
    assert ("Enter your number." in other) is ("Pay from your phone" in other)
    assert [page.count('id="mpesa-summary"') for page in pages] == [1, 0, 0]
    assert "<dt>Total</dt><dd>KSh 1,500</dd>" in pages[0]


@pytest.mark.parametrize("state", STATES)
def test_another_way_to_pay_is_suggested_only_with_its_button(state: str) -> None:
    payment = STATES[state]()
    MpesaPayment.objects.filter(status__in=["failed", "cancelled"]).update(status="failed", result_code="4")

    panels = [panel_of(page_of(client, payment)) for client in [owner_of(payment), *payers_of(payment)]]

    assert all('id="mpesa-otherwise"' in panel for panel in panels if "Pay another way." in panel)


def test_payer_at_the_daily_limit_reads_to_call_the_shop() -> None:
    payment = STATES["failed, another number"]()

    owners, payers, _ = (panel_of(page_of(client, payment)) for client in [owner_of(payment), *payers_of(payment)])

    assert "Pay another way." in owners
    assert "Pay from another number. Call or WhatsApp us: the shop" in payers


def test_payer_reads_that_the_shop_can_take_no_payment() -> None:
    payment = STATES["failed, the shop's fault"]()

    _, other = (panel_of(page_of(payer, payment)) for payer in payers_of(payment))

    assert "This order can&#x27;t be paid by M-PESA now." in other and "Enter your number." not in other


def test_closed_page_warns_owners_of_ordering_and_payers_of_paying_again() -> None:
    payment = STATES["closed"]()

    pages = [panel_of(page_of(client, payment)) for client in [owner_of(payment), *payers_of(payment)]]

    said = [re.findall("don't (order|pay) again: call us", unescape(page)) for page in pages]
    assert said == [["order"], ["pay"], ["pay"]]


@pytest.mark.parametrize("state", STATES)
def test_owners_page_costs_at_most_nine_queries(state: str) -> None:
    payment = STATES[state]()
    owner = owner_of(payment)
    page_of(owner, payment)

    with counted() as count:
        page_of(owner, payment)

    assert len(count) <= 9, str(count)


@pytest.mark.parametrize("state", STATES)
def test_payers_page_has_no_phone_number_in_any_form(state: str) -> None:
    payment = STATES[state]()
    MpesaPayment.objects.update(phone="254722987654")
    payment.refresh_from_db()
    phone = payment.phone_number
    forms = (phone.msisdn[3:], phone.grouped, phone.masked, phone.grouped[-7:], "•••")

    owners, *payers = (page_of(client, payment) for client in [owner_of(payment), *payers_of(payment)])
    payers = [page.replace(EXAMPLE, "") for page in payers]

    assert [form for form in forms for page in payers if form in page] == []
    if STATES[state] in (STATES["enter-pin"], STATES["failed, cancelled"], STATES["failed, another number"]):
        assert phone.grouped in owners


def test_pay_later_shows_deadline_and_link_before_the_failure() -> None:
    payment = STATES["failed, pays later"]()

    page = page_of(owner_of(payment), payment)

    blocks = ('id="mpesa-heading" tabindex="-1">Reserved until ', 'id="mpesa-pay-link"', "Pay now instead")
    places = [page.index(block) for block in (*blocks, "<p>The prompt was canceled", 'id="mpesa-again"')]
    assert places == sorted(places)


def test_failure_for_another_number_shows_its_form_open_and_first() -> None:
    payment = STATES["failed, another number"]()

    page = page_of(owner_of(payment), payment)

    assert '<h2 class="h4" id="mpesa-another-number">Pay from another number</h2>' in page
    assert page.index('id="mpesa-another-number"') < page.index('id="mpesa-otherwise"')
    assert 'id="mpesa-again"' not in page


@pytest.mark.parametrize(("state", "waits"), [("wait", True), ("failed, cancelled", False), ("part-paid", False)])
def test_countdown_is_given_only_where_a_wait_is_real(state: str, waits: bool) -> None:
    payment = STATES[state]()

    page = page_of(owner_of(payment), payment)

    parts = ("data-opens=", "data-opened=", 'aria-describedby="mpesa-again-reason"', 'id="mpesa-again-left"')
    assert 'id="mpesa-again"' in page
    assert [part in page for part in parts] == [waits] * 4


def test_minute_is_shown_while_the_prompt_is_on_the_phone() -> None:
    fresh, old = STATES["enter-pin"](), STATES["checking"]()

    waiting, checking = (page_of(owner_of(payment), payment) for payment in (fresh, old))

    now, ends = re.findall(r'id="mpesa-minute" data-now="(\d+)" data-ends="(\d+)"', waiting)[0]
    assert 50 < int(ends) - int(now) <= 60
    assert "The prompt stays until" in waiting and "This page updates by itself." in waiting
    assert "mpesa-minute" not in checking and "You can send the prompt again, or use another number, at" in checking


def test_checking_says_when_safaricom_is_queried_next() -> None:
    payment = STATES["checking"]()
    due_at = timezone.now() + timedelta(seconds=20)
    MpesaPayment.objects.filter(pk=payment.pk).update(next_query_at=due_at)

    page = page_of(owner_of(payment), payment)

    assert re.search(r"We check again at \d\d:\d\d:\d\d\.", page)
