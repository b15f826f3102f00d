"""An order with many unanswered payments leaves the minute's queries to others, and still closes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.reconciliation import Kind, reconcile
from oscar_mpesa.testing.transport import answer, endpoint_of
from tests.clocks import Clock, shop_clock
from tests.services.daraja_replies import CREDENTIALS, query_reply
from tests.services.unpaid_orders import HALF_AN_HOUR, expired, prompted
from tests.shop import ANOTHER, later, new_order

pytestmark = pytest.mark.django_db(transaction=True)

PRODUCTION = {**CREDENTIALS, "ENVIRONMENT": "production", "SHORTCODE": "600986", "SHORTCODE_TYPE": "paybill"}
PRODUCTION["TEST_MODE"] = False

#: The settings, how many queries a minute one order gets for ended payments, and the minutes until all 26 are answered.
BUDGETS = [
    pytest.param(CREDENTIALS, 1, 30, id="sandbox"),
    pytest.param(PRODUCTION, 6, 6, id="production"),
]


class Safaricom:
    """Answer that each payment is still in progress, and note when each was asked about, in seconds after noon."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.asked: list[tuple[float, str]] = []

    def send(self, request: Request) -> Response:
        """Answer a token or a status query."""
        if endpoint_of(request) == "oauth":
            return answer({"access_token": "token", "expires_in": "3599"})
        checkout_id = json.loads(request.body or b"{}")["CheckoutRequestID"]
        self.asked.append((self._clock.seconds, checkout_id))
        return answer({**query_reply("4999"), "CheckoutRequestID": checkout_id})

    def times_of(self, *payments: MpesaPayment) -> list[float]:
        """Return when these payments were asked about."""
        ids = {payment.checkout_request_id for payment in payments}
        return [seconds for seconds, checkout_id in self.asked if checkout_id in ids]


@pytest.fixture
def clock() -> Iterator[Clock]:
    with shop_clock() as clock:
        yield clock


def overdue_order(*, payments: int = 26) -> list[MpesaPayment]:
    """Create an order at noon, none of whose prompts was answered."""
    first = expired()
    others = [
        MpesaPayment(
            mpesa_order=first.mpesa_order,
            phone=f"2547{number:08}",
            amount=first.amount,
            status="expired",
            shortcode=first.shortcode,
            environment=first.environment,
            checkout_request_id=f"ws_CO_overdue_{number}",
            created_at=first.created_at,
            push_sent_at=first.push_sent_at,
            ended_at=first.ended_at,
            next_query_at=first.next_query_at,
        )
        for number in range(payments - 1)
    ]
    MpesaPayment.objects.bulk_create(others)
    return [first, *others]


@pytest.mark.parametrize(("credentials", "_share", "_minutes"), BUDGETS)
def test_shoppers_due_queries_are_made_beside_an_overdue_order(
    settings: Any, clock: Clock, credentials: dict[str, Any], _share: int, _minutes: int
) -> None:
    settings.OSCAR_MPESA = credentials
    overdue, safaricom = overdue_order(), Safaricom(clock)
    shopper, start = get_user_model().objects.create_user("wanjiru"), HALF_AN_HOUR - 10
    live = prompted(new_order(user=shopper), phone=ANOTHER, now=later(start))
    browser = Client()
    browser.force_login(shopper)
    status_url = reverse("checkout:mpesa-status", args=[live.mpesa_order.public_id])

    with replaced_transport(safaricom):
        for clock.seconds in range(start, start + 150, 5):
            if clock.seconds % 60 == 0:
                list(reconcile(clock))
            assert browser.get(status_url).json()["open"]

    assert [seconds - start for seconds in safaricom.times_of(live)] == [20, 35, 55, 85, 130]
    assert safaricom.times_of(*overdue)[0] == HALF_AN_HOUR


@pytest.mark.parametrize(("credentials", "share", "_minutes"), BUDGETS)
def test_other_orders_ended_payment_is_queried_in_the_same_pass(
    settings: Any, clock: Clock, credentials: dict[str, Any], share: int, _minutes: int
) -> None:
    settings.OSCAR_MPESA = credentials
    overdue, safaricom = overdue_order(), Safaricom(clock)
    other = expired(phone=ANOTHER)
    clock.seconds = 180  # all 27 are due

    with replaced_transport(safaricom):
        list(reconcile(clock))

    assert (len(safaricom.times_of(*overdue)), len(safaricom.times_of(other))) == (share, 1)


@pytest.mark.parametrize(("credentials", "share", "minutes"), BUDGETS)
def test_overdue_order_closes_a_few_queries_at_a_time(
    settings: Any, clock: Clock, credentials: dict[str, Any], share: int, minutes: int
) -> None:
    settings.OSCAR_MPESA = credentials
    overdue, safaricom = overdue_order(), Safaricom(clock)

    passes = 0
    with replaced_transport(safaricom):
        clock.seconds = HALF_AN_HOUR
        while MpesaOrder.objects.get().closed_at is None:
            asked = len(safaricom.asked)
            list(reconcile(clock))
            assert len(safaricom.asked) - asked <= share
            clock.seconds += 60
            passes += 1

    assert passes <= minutes
    assert MpesaOrder.objects.get().close_reason == "expired"
    assert len(set(safaricom.asked)) >= len(overdue)
    assert {checkout_id for _, checkout_id in safaricom.asked} == {each.checkout_request_id for each in overdue}


def test_payment_that_was_due_longest_comes_first(settings: Any, clock: Clock) -> None:
    settings.OSCAR_MPESA = CREDENTIALS
    payments = [expired(now=later(seconds)) for seconds in (20, 0, 10)]
    live = prompted(phone=ANOTHER, now=later(170))
    clock.seconds = 300

    with replaced_transport(Safaricom(clock)):
        steps = [step.pk for step in reconcile(clock) if step.kind is Kind.PAYMENT]

    assert steps == [live.pk, payments[1].pk, payments[2].pk, payments[0].pk]
