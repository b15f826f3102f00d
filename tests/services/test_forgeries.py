"""Whoever knows the secret of a callback's URL gains no money and stops no honest payment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaCallback, MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.services.allocation import resolve_receipt
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.order_closure import CloseResult
from oscar_mpesa.services.reconciliation import reconcile
from oscar_mpesa.services.refunds import record_refund
from oscar_mpesa.services.status_query import QueryResult, query_status, refresh_payment
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import CREDENTIALS
from tests.services.queries import forge, forget_calls, query
from tests.services.unpaid_orders import HALF_AN_HOUR, check_order, expired, prompted, result_of, row
from tests.shop import ANOTHER, failure, later, new_staff_user, post, success

pytestmark = pytest.mark.django_db(transaction=True)

AN_HOUR = 3600


@pytest.fixture(autouse=True)
def _credentials(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS, "WAKE": ""}


def money() -> list[tuple[str | None, int, str]]:
    rows = MpesaReceipt.objects.order_by("pk").values_list("number", "amount", "status")
    return [(number, int(amount), status) for number, amount, status in rows]


def due(payment: MpesaPayment, *, at: float) -> bool:
    payment.refresh_from_db()
    return payment.next_query_at is not None and payment.next_query_at <= later(at)


@pytest.mark.parametrize(
    ("checkout_id", "reason"), [("", "other_id"), (None, "second_code")], ids=["without the id", "with the id"]
)
@pytest.mark.parametrize("amount", [150_000, 1500])
@pytest.mark.parametrize("is_refunded", [False, True], ids=["paid", "refunded"])
def test_paid_payment_brings_no_more_money(
    checkout_id: str | None, reason: str, amount: int, is_refunded: bool
) -> None:
    payment = prompted()
    post(payment, success(payment))
    if is_refunded:
        staff = new_staff_user("record_refund")
        refund: Any = {"amount": Decimal(1500), "code": "SKN1AAA111"}
        record_refund(MpesaReceipt.objects.get(), **refund, by=staff, now=later(60))
    before = money()

    body = success(payment, number="OD666ABC66", amount=amount, checkout_id=checkout_id)
    callback = post(payment, body, now=later(90), confirmed=False)

    assert (callback.verdict, callback.reason) == (Verdict.UNCONFIRMED, reason)
    assert due(payment, at=90) is False
    assert money() == before != []


def test_report_without_the_id_gives_proven_money_no_code() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    forged = forge(payment, at=60, MpesaReceiptNumber="OD666ABC66")

    query(payment, result_of(payment, "0"), at=61)
    honest = post(payment, success(payment), now=later(90), confirmed=False)

    forged.refresh_from_db()
    assert (forged.verdict, honest.verdict) == (Verdict.UNCONFIRMED, Verdict.APPLIED)
    assert money() == [("OD123ABC45", 1500, "matched")]


def test_report_of_a_small_amount_without_the_id_holds_nothing() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    forge(payment, at=60, Amount=1)

    query(payment, result_of(payment, "0"), at=61)

    payment.refresh_from_db()
    assert (payment.status, money()) == ("completed", [(None, 1500, "matched")])


def test_flood_on_a_live_payment_makes_one_query_a_minute() -> None:
    payment = prompted()
    times = []

    for second in range(1, 121):
        forge(payment, at=second, MpesaReceiptNumber=f"OD{second:07}X")
        if due(payment, at=second):
            times.append(second)
            query(payment, result_of(payment, "4999"), at=second)

    assert len(times) <= 6, times
    assert times[0] == 1


def test_flood_does_not_stop_the_clock_of_an_honest_success() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    for second in range(30):
        forge(payment, at=60 + second, MpesaReceiptNumber=f"OD{second:07}X")

    post(payment, success(payment), now=later(100), confirmed=False)
    forget_calls()
    with replaced_transport(ScriptedTransport([result_of(payment, "0")])):
        list(reconcile(lambda: later(101)))

    assert money() == [("OD123ABC45", 1500, "matched")]


def test_flood_without_the_id_delays_no_closing() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1032))
    for second in range(11):
        forge(payment, at=25 * 60 + second, MpesaReceiptNumber=f"OD{second:07}X")

    assert check_order(payment, result_of(payment, "1032"), at=HALF_AN_HOUR) is CloseResult.CLOSED


def test_flood_with_the_id_delays_closing_by_an_hour_at_most() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1032))
    for second in range(11):
        body = success(payment, number=f"OD{second:07}X")
        post(payment, body, now=later(25 * 60 + second), confirmed=False)

    outcomes = {}
    for minute in range(30, 90):
        if (row(payment).close_check_at or later(0)) <= later(60 * minute):
            outcomes[minute] = check_order(payment, result_of(payment, "1032"), at=60 * minute)
        if row(payment).is_closed:
            break

    assert outcomes[30] is CloseResult.POSTPONED
    assert row(payment).is_closed
    assert max(outcomes) <= 85


def test_repeated_forgery_days_later_names_no_code() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    query(payment, result_of(payment, "0"), at=60)

    late = post(payment, success(payment, number="OD666ABC66"), now=later(5 * 24 * AN_HOUR), confirmed=False)

    assert (late.verdict, late.reason) == (Verdict.UNCONFIRMED, "too_late")
    assert money() == [(None, 1500, "matched")]


def test_success_is_judged_by_its_arrival_not_by_its_processing() -> None:
    payment = prompted()
    callback = MpesaCallback.objects.create(
        body=success(payment), received_at=later(10), environment=payment.environment, payment=payment
    )

    list(reconcile(lambda: later(2 * 24 * AN_HOUR)))

    callback.refresh_from_db()
    assert callback.verdict == Verdict.APPLIED


def test_payment_without_an_id_is_never_due_and_holds_no_order() -> None:
    payment = prompted()
    MpesaPayment.objects.update(checkout_request_id=None)
    payment.refresh_from_db()
    refresh_payment(payment, now=later(151))

    forge(payment, at=200)

    payment.refresh_from_db()
    assert query_status(payment, now=later(300)) is QueryResult.NOTHING
    assert due(payment, at=40 * 24 * AN_HOUR) is False
    assert check_order(payment, at=HALF_AN_HOUR) is CloseResult.CLOSED


def test_stale_row_does_not_take_the_query_of_a_new_report() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    stale = MpesaPayment.objects.select_related("mpesa_order").get(pk=payment.pk)
    post(payment, success(payment), now=later(60), confirmed=False)

    with replaced_transport(ScriptedTransport([])):
        outcome = refresh_payment(stale, now=later(60))

    assert (outcome, due(payment, at=60)) == (False, True)
    assert query(payment, result_of(payment, "0"), at=61) is QueryResult.PAID


def test_query_of_money_that_staff_resolved_adds_none() -> None:
    payment = prompted()
    post(payment, success(payment, amount=1000))
    resolve_receipt(
        MpesaReceipt.objects.get(), note="Paid in the shop", by=new_staff_user("resolve_receipt"), now=later(60)
    )

    result = query(payment, result_of(payment, "0"), at=120)

    assert (result, money()) == (QueryResult.PAID, [("OD123ABC45", 1000, "resolved")])


@pytest.mark.parametrize("checkout_id", ["", "ws_CO_of_somebody"], ids=["none", "another"])
def test_forged_failure_ends_no_payment_and_stops_no_query(checkout_id: str) -> None:
    live, ended = prompted(), expired(phone=ANOTHER)
    due_before = ended.next_query_at

    for payment in (live, ended):
        post(payment, failure(payment, code=1032, checkout_id=checkout_id), now=later(170))

    live.refresh_from_db()
    ended.refresh_from_db()
    assert (live.status, ended.result_code, ended.next_query_at) == ("processing", "no-answer", due_before)
    assert set(MpesaCallback.objects.values_list("verdict", flat=True)) == {"unmatched"}


def test_third_report_names_no_code_if_two_disagree() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    for number in ("OD666ABC66", "OD123ABC45"):
        post(payment, success(payment, number=number), now=later(60), confirmed=False)
    query(payment, result_of(payment, "0"), at=61)

    third = post(payment, success(payment, TransactionDate=None), now=later(90), confirmed=False)

    assert (third.verdict, third.reason) == (Verdict.UNCONFIRMED, "second_code")
    assert money() == [(None, 1500, "matched")]


def test_malformed_code_of_the_right_money_is_not_believed() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    callback = post(payment, success(payment, number="N/A"), now=later(60), confirmed=False)

    query(payment, result_of(payment, "0"), at=61)

    assert (callback.reason, money()) == ("invalid_code", [(None, 1500, "matched")])


def test_report_of_too_much_stops_no_honest_callback() -> None:
    payment = prompted()
    post(payment, success(payment, amount=250_000, number="OD666ABC66"), now=later(5), confirmed=False)
    query(payment, result_of(payment, "0"), at=6)
    before = money()

    honest = post(payment, success(payment), now=later(8), confirmed=False)

    assert (before, honest.verdict) == ([(None, 1500, "wrong_amount")], Verdict.APPLIED)
    assert money() == [("OD123ABC45", 1500, "matched")]


def test_report_of_no_money_stops_no_confirmation() -> None:
    payment = prompted()
    forged = post(payment, success(payment, amount=0, number="OD666ABC66"), now=later(5), confirmed=False)

    result = query(payment, result_of(payment, "0"), at=6)

    forged.refresh_from_db()
    assert (forged.verdict, forged.reason, result) == (Verdict.UNCONFIRMED, "incomplete", QueryResult.PAID)
    assert money() == [(None, 1500, "matched")]


def test_code_of_another_payment_is_not_believed() -> None:
    other, payment = prompted(phone=ANOTHER), prompted()
    post(other, success(other))
    post(payment, failure(payment, code=1037))

    callback = post(payment, success(payment), now=later(60), confirmed=False)
    query(payment, result_of(payment, "0"), at=61)

    assert callback.reason == "known_code"
    assert money() == [("OD123ABC45", 1500, "matched"), (None, 1500, "matched")]


def test_callback_that_overtakes_the_answer_names_the_code() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    body = success(payment)
    payment.refresh_from_db()

    class Overtaken(ScriptedTransport):
        """Post the callback, and let Safaricom confirm it, while the query is on its way."""

        def send(self, request: Any) -> Any:
            post(payment, body, now=later(60))
            return super().send(request)

    with replaced_transport(Overtaken([result_of(payment, "0")])):
        result = query_status(payment, now=later(61))

    assert (result, money()) == (QueryResult.PAID, [("OD123ABC45", 1500, "matched")])
