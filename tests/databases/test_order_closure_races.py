"""Closing an order, late money and staff decisions race: one wins, and the rows agree (M6 to M11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model
from oscar.test import factories

from oscar_mpesa.models import MpesaClaim, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.oscar_adapter.basket_restore import restore_basket
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.exceptions import DecisionRefused
from oscar_mpesa.services.order_closure import CloseRefused, NotRestorable, close_expired_order, close_order
from oscar_mpesa.services.status_query import refresh_payment
from tests.databases.books import assert_sums_agree
from tests.databases.threads import BusyDaraja, after, at_once, clear_query_budget, new_payment
from tests.shop import OWNER, new_staff_user, post, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(20)
FEW_ROUNDS = range(5)

Source = get_model("payment", "Source")


@pytest.fixture(autouse=True)
def _no_delay(daraja: BusyDaraja) -> None:
    daraja.seconds = 0


def number_of(payment: MpesaPayment) -> str:
    return f"SK{payment.pk:08}"


def body_of(payment: MpesaPayment) -> bytes:
    return success(payment, number=number_of(payment))


def expired_payment(now: datetime) -> MpesaPayment:
    """Create an unanswered payment of an order whose time is over at ``now``."""
    clear_query_budget()
    push_sent_at = now - timedelta(minutes=31)
    payment = new_payment(now=push_sent_at)
    refresh_payment(payment, now=push_sent_at + timedelta(seconds=151))
    payment.refresh_from_db()
    assert payment.status == "expired"
    return payment


def try_job(job: Callable[[], object]) -> str:
    """Run a job; return the name of its refusal, or an empty string."""
    try:
        job()
    except (DecisionRefused, NotRestorable, CloseRefused) as refusal:
        return type(refusal).__name__
    return ""


def assert_paid_once(payment: MpesaPayment) -> None:
    """Assert one receipt, one debit and one email for an open order that keeps its stock."""
    payment.refresh_from_db()
    mpesa_order = MpesaOrder.objects.select_related("order").get(pk=payment.order_id)
    order = mpesa_order.order
    receipt = MpesaReceipt.objects.get(payment=payment)
    assert (payment.status, order.status, mpesa_order.is_closed) == ("completed", "Being processed", False)
    assert (receipt.number, receipt.status) == (number_of(payment), "matched")
    source = order.sources.get()
    assert (source.amount_debited, source.reference) == (Decimal("1500.00"), receipt.number)
    assert source.transactions.get().amount == order.payment_events.get().amount == Decimal("1500.00")
    assert mpesa_order.events.filter(type="payment_settled", params__after="completed").count() == 1
    assert [email.subject for email in mail.outbox].count(f"TEST: Confirmation of order {order.number}") == 1
    assert allocated_to(order) == 1
    assert_sums_agree()


def assert_unmatched(payment: MpesaPayment) -> None:
    """Assert one unmatched receipt, no debit, and a closed order without stock."""
    payment.refresh_from_db()
    mpesa_order = MpesaOrder.objects.select_related("order").get(pk=payment.order_id)
    receipt = MpesaReceipt.objects.get(payment=payment)
    assert (payment.status, mpesa_order.is_closed) == ("completed", True)
    assert (receipt.number, receipt.status, receipt.unallocated) == (number_of(payment), "unmatched", 1500)
    assert not mpesa_order.order.sources.exists() and not mpesa_order.order.payment_events.exists()
    assert mpesa_order.events.filter(type="payment_settled", params__after="completed").count() == 1
    assert mpesa_order.outbox_messages.filter(kind="receipt_unmatched").count() == 1
    assert allocated_to(mpesa_order.order) == 0
    assert_sums_agree()


def allocated_to(order: Any) -> int:
    """Return the quantity allocated to the order's line, which matches the stock record."""
    line = order.lines.get()
    assert line.num_allocated == line.stockrecord.num_allocated
    return int(line.num_allocated)


def test_late_money_and_the_expiry_end_with_a_paid_order(daraja: BusyDaraja) -> None:
    now = timezone.now()

    for index in ROUNDS:
        payment = expired_payment(now)
        late = partial(post, payment, body_of(payment), now=now)
        at_once([partial(close_expired_order, payment.mpesa_order, now=now), partial(after, index / 200, late)])
        mpesa_order = MpesaOrder.objects.get(pk=payment.order_id)
        closed, reopened = (mpesa_order.events.filter(type=kind).count() for kind in ("order_closed", "order_reopened"))
        assert closed == reopened <= 1
        assert_paid_once(payment)


def test_late_money_and_restored_basket_never_both_get_the_items(daraja: BusyDaraja) -> None:
    now = timezone.now()

    for index in ROUNDS:
        payment = expired_payment(now)
        close_expired_order(payment.mpesa_order, now=now)
        mpesa_order = MpesaOrder.objects.get(pk=payment.order_id)
        basket = factories.create_basket(empty=True)
        wanted = partial(try_job, partial(restore_basket, mpesa_order, basket, actor=OWNER, user=None, now=now))
        late = partial(post, payment, body_of(payment), now=now)
        _, refusal = at_once([late, partial(after, index / 400, wanted)])
        assert basket.num_lines == (not refusal)
        if refusal:
            assert_paid_once(payment)
        else:
            assert_unmatched(payment)


def callbacks(payment: MpesaPayment) -> list[Callable[[], object]]:
    """Return twenty jobs that post the same callback over HTTP."""
    path, body = reverse("oscar_mpesa:hook", args=[payment.secret]), body_of(payment)
    return [lambda: Client().generic("POST", path, body)] * 20


def test_twenty_callbacks_a_query_and_staff_closing_make_one_debit_or_none(daraja: BusyDaraja) -> None:
    daraja.result_code = "0"
    staff = new_staff_user("close_order")

    for index in FEW_ROUNDS:
        now = timezone.now()
        clear_query_budget()
        payment = new_payment(now=now - timedelta(seconds=21))
        close = partial(try_job, partial(close_order, payment.mpesa_order.order, by=staff, now=now))
        refusal, *_ = at_once(
            [partial(after, index / 50, close), partial(refresh_payment, payment, now=now), *callbacks(payment)]
        )
        assert_paid_once(payment) if refusal else assert_unmatched(payment)


def test_twenty_callbacks_a_query_and_a_recorded_code_make_one_debit(daraja: BusyDaraja) -> None:
    daraja.result_code = "0"
    staff = new_staff_user("record_claim")

    for index in FEW_ROUNDS:
        now = timezone.now()
        clear_query_budget()
        payment = new_payment(now=now - timedelta(seconds=21))
        record = partial(record_claim, number_of(payment), Decimal(1500), by=staff, note="seen in the portal", now=now)
        record_once = partial(try_job, partial(record, order=payment.mpesa_order.order))
        refusal, *_ = at_once(
            [partial(after, index / 50, record_once), partial(refresh_payment, payment, now=now), *callbacks(payment)]
        )
        assert refusal in {"", "ReceiptKnown"}
        assert set(MpesaClaim.objects.values_list("status", flat=True)) <= {"confirmed"}
        assert_paid_once(payment)


def test_two_staff_decisions_and_repeated_callbacks_pay_once(daraja: BusyDaraja) -> None:
    staff = new_staff_user("close_order", "match_receipt")

    for _ in FEW_ROUNDS:
        now = timezone.now()
        payment = new_payment(now=now)
        close_order(payment.mpesa_order.order, by=staff, now=now)
        post(payment, body_of(payment), now=now)
        receipt = MpesaReceipt.objects.get(payment=payment)
        use = partial(try_job, partial(allocate, receipt, payment.mpesa_order.order, by=staff, now=now))
        first, second, *_ = at_once([use, use, *callbacks(payment)])
        assert sorted([first, second]) == ["", "NoDecisionNeeded"]
        assert_paid_once(payment)
