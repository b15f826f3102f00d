"""A callback's success is believed at once only if it is expected; all else waits for a query (M4, M5)."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import MpesaCallback, MpesaEvent, MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.callbacks import process_callback, receive_callback
from oscar_mpesa.services.exceptions import PaymentUnconfirmed
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.reconciliation import reconcile
from oscar_mpesa.services.status_query import QueryResult, refresh_payment
from oscar_mpesa.services.stk_push import send_stk_push
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import CREDENTIALS
from tests.services.money import order_of
from tests.services.queries import forge, forget_calls, query
from tests.services.unpaid_orders import A_DAY, HALF_AN_HOUR, check_order, expired, prompted, result_of, row
from tests.shop import ANOTHER, NOON, failure, later, new_staff_user, post, success

pytestmark = pytest.mark.django_db(transaction=True)

A_MINUTE, AN_HOUR = 60, 60 * 60


@pytest.fixture(autouse=True)
def _credentials(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS, "CALLBACK_IP_POLICY": "warn", "WAKE": ""}


def money_of(payment: MpesaPayment) -> tuple[str, list[tuple[str | None, int]]]:
    payment.refresh_from_db()
    return payment.status, [
        (number, int(amount)) for number, amount in MpesaReceipt.objects.values_list("number", "amount")
    ]


def test_expected_success_pays_at_once() -> None:
    payment = prompted()

    callback = post(payment, success(payment), now=later(20), confirmed=False)

    assert (callback.verdict, callback.reason) == (Verdict.APPLIED, "")
    assert money_of(payment) == ("completed", [("OD123ABC45", 1500)])


def test_success_after_our_own_expiry_pays_at_once() -> None:
    payment = expired()

    callback = post(payment, success(payment), now=later(10 * A_MINUTE), confirmed=False)

    assert callback.verdict == Verdict.APPLIED
    assert money_of(payment) == ("completed", [("OD123ABC45", 1500)])


def test_success_after_our_own_closing_reopens_the_order() -> None:
    payment = expired()
    check_order(payment, result_of(payment, "4999"))
    closed = row(payment).is_closed

    callback = post(payment, success(payment), now=later(AN_HOUR), confirmed=False)

    assert (closed, callback.verdict, row(payment).is_closed) == (True, Verdict.APPLIED, False)


def forged_after_a_failure(payment: MpesaPayment) -> MpesaCallback:
    post(payment, failure(payment, code=1032))
    return forge(payment, at=60)


def forged_after_closing(payment: MpesaPayment) -> MpesaCallback:
    return forge(payment, at=AN_HOUR)


def forged_sixty_days_later(payment: MpesaPayment) -> MpesaCallback:
    return post(payment, success(payment), now=later(60 * A_DAY), confirmed=False)


def forged_with_another_s_number(payment: MpesaPayment) -> MpesaCallback:
    other = prompted(phone=ANOTHER)
    post(other, success(other, number="OD777ABC77"))
    return post(payment, success(payment, number="OD777ABC77"), confirmed=False)


def forged_a_second_time(payment: MpesaPayment) -> MpesaCallback:
    post(payment, failure(payment, code=1032))
    return post(payment, success(payment), now=later(9), confirmed=False)


def forged_with_another_amount(payment: MpesaPayment) -> MpesaCallback:
    return post(payment, success(payment, amount=1), confirmed=False)


def forged_with_a_word(payment: MpesaPayment) -> MpesaCallback:
    return post(payment, success(payment, number="<SCRIPT>"), confirmed=False)


def forged_with_another_id(payment: MpesaPayment) -> MpesaCallback:
    return post(payment, success(payment, checkout_id="ws_CO_of_somebody"), confirmed=False)


@pytest.mark.parametrize(
    ("forgery", "reason"),
    [
        (forged_after_a_failure, "other_id"),
        (forged_after_closing, "other_id"),
        (forged_sixty_days_later, "too_late"),
        (forged_with_another_s_number, "known_code"),
        (forged_a_second_time, "other_result"),
        (forged_with_another_amount, "other_amount"),
        (forged_with_a_word, "invalid_code"),
        (forged_with_another_id, "other_id"),
    ],
)
def test_forged_success_pays_nothing_and_makes_a_query_due(forgery: Any, reason: str) -> None:
    payment = prompted()

    callback = forgery(payment)

    payment.refresh_from_db()
    assert (callback.verdict, callback.reason) == (Verdict.UNCONFIRMED, reason)
    assert payment.is_paid is False
    assert payment.next_query_at == callback.received_at
    assert MpesaReceipt.objects.filter(payment=payment).count() == 0


def test_forged_success_stays_unconfirmed_when_safaricom_says_no() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1032))
    callback = forge(payment, at=60)

    answers = [query(payment, result_of(payment, "1032"), at=at) for at in (60, 120, 240)]

    callback.refresh_from_db()
    assert answers == [QueryResult.NOT_PAID] * 3
    assert (callback.verdict, money_of(payment)) == (Verdict.UNCONFIRMED, ("cancelled", []))


def test_honest_success_after_an_unanswered_phone_pays_within_one_pass() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    callback = post(payment, success(payment), now=later(90), confirmed=False)

    with replaced_transport(ScriptedTransport([result_of(payment, "0")])):
        steps = [step.outcome for step in reconcile(lambda: later(91)) if step.kind == "payment"]

    callback.refresh_from_db()
    assert steps == ["completed"]
    assert (callback.verdict, money_of(payment)) == (Verdict.APPLIED, ("completed", [("OD123ABC45", 1500)]))


def test_unconfirmed_success_pays_when_queries_work_again() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    post(payment, success(payment), now=later(90), confirmed=False)
    tried_at = []

    for at in range(90, 90 + AN_HOUR, 60):
        payment.refresh_from_db()
        if payment.next_query_at is not None and payment.next_query_at <= later(at):
            tried_at.append((at - 90) // 60)
            forget_calls()
            with replaced_transport(ScriptedTransport([DarajaUnreachable("no answer")])):
                refresh_payment(payment, now=later(at))
    forget_calls()
    with replaced_transport(ScriptedTransport([result_of(payment, "0")])):
        list(reconcile(lambda: later(90 + 2 * AN_HOUR)))

    assert tried_at == [0, 1, 3, 10, 30]
    assert money_of(payment) == ("completed", [("OD123ABC45", 1500)])


def test_two_reported_codes_leave_the_money_without_one() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    forged = post(payment, success(payment, number="OD666ABC66"), now=later(60), confirmed=False)
    honest = post(payment, success(payment), now=later(90), confirmed=False)

    query(payment, result_of(payment, "0"), at=91)

    forged.refresh_from_db()
    honest.refresh_from_db()
    assert money_of(payment) == ("completed", [(None, 1500)])
    assert (forged.verdict, honest.verdict) == (Verdict.UNCONFIRMED, Verdict.UNCONFIRMED)


def test_report_of_another_amount_makes_proven_money_wait_for_a_person() -> None:
    payment = prompted()
    callback = post(payment, success(payment, amount=1000), now=later(20), confirmed=False)

    query(payment, result_of(payment, "0"), at=21)

    callback.refresh_from_db()
    assert money_of(payment) == ("completed", [(None, 1500)])
    assert (callback.verdict, callback.reason) == (Verdict.MISMATCH, "other_amount")
    assert MpesaReceipt.objects.get().status == "wrong_amount"
    assert MpesaEvent.objects.get(type="receipt_amount_conflict").params["amount"] == "1000.00"
    by = new_staff_user("match_receipt")
    allocate(MpesaReceipt.objects.get(), order_of(payment), by=by, now=later(60))
    assert row(payment).is_paid


def test_second_code_of_a_paid_payment_adds_no_money() -> None:
    payment = prompted()
    post(payment, success(payment))

    callback = post(payment, success(payment, number="OD999ABC99"), now=later(30), confirmed=False)

    payment.refresh_from_db()
    assert (callback.verdict, callback.reason) == (Verdict.UNCONFIRMED, "second_code")
    assert (money_of(payment), payment.next_query_at) == (("completed", [("OD123ABC45", 1500)]), None)


def test_callback_names_the_code_of_money_that_a_query_found() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1037))
    query(payment, result_of(payment, "0"), at=60)

    callback = post(payment, success(payment), now=later(90), confirmed=False)

    assert callback.verdict == Verdict.APPLIED
    assert money_of(payment) == ("completed", [("OD123ABC45", 1500)])


def test_early_success_is_believed_once_the_reply_brings_its_id() -> None:
    payment = prompted()
    MpesaPayment.objects.update(checkout_request_id=None, status="pending", push_sent_at=None)
    payment.refresh_from_db()
    reply = {**result_of(payment, "0"), "CheckoutRequestID": "ws_CO_0", "MerchantRequestID": "29115"}
    early = post(payment, success(payment, checkout_id="ws_CO_0"), confirmed=False)

    with replaced_transport(ScriptedTransport({"push": [reply]})):
        send_stk_push(payment, now=NOON)

    first = early.verdict
    early.refresh_from_db()
    assert (first, early.verdict) == (Verdict.UNCONFIRMED, Verdict.APPLIED)
    assert money_of(payment) == ("completed", [("OD123ABC45", 1500)])


def test_reported_payment_allows_no_other_prompt_for_now() -> None:
    payment = prompted()
    post(payment, failure(payment, code=1032))
    post(payment, success(payment), now=later(61), confirmed=False)

    with pytest.raises(PaymentUnconfirmed):
        retry_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(120))
    query(payment, result_of(payment, "1032"), at=62 + HALF_AN_HOUR)
    with replaced_transport(ScriptedTransport({"push": [{"ResponseCode": "0", "CheckoutRequestID": "ws_CO_next"}]})):
        another = retry_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(63 + HALF_AN_HOUR))

    assert (another.pk > payment.pk, another.phone) == (True, ANOTHER.msisdn)


@pytest.mark.parametrize(("address", "verdict"), [("196.201.214.200", "applied"), ("203.0.113.9", "unconfirmed")])
def test_address_policy_asks_for_a_confirmation(settings: Any, address: str, verdict: str) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "CALLBACK_IP_POLICY": "confirm"}
    payment = prompted()
    callback = receive_callback(success(payment), secret=payment.secret, address=address, now=later(9))

    assert callback is not None
    assert callback.verdict == verdict


def test_repeats_of_one_moment_pay_at_once_in_any_order() -> None:
    payment = prompted()
    first = MpesaCallback.objects.create(
        body=success(payment), received_at=NOON, environment=payment.environment, payment=payment
    )
    repeat = post(payment, success(payment), confirmed=False)

    process_callback(first, payment, now=later(1))

    assert (repeat.verdict, first.verdict) == (Verdict.APPLIED, Verdict.DUPLICATE)
    assert money_of(payment) == ("completed", [("OD123ABC45", 1500)])


def test_unconfirmed_report_of_the_same_code_becomes_a_duplicate() -> None:
    payment = prompted()
    first = MpesaCallback.objects.create(
        body=success(payment), received_at=NOON, environment=payment.environment, payment=payment
    )
    other_words = post(payment, success(payment, TransactionDate=None), confirmed=False)
    verdict = other_words.verdict

    process_callback(first, payment, now=later(1))

    other_words.refresh_from_db()
    assert (verdict, first.verdict, other_words.verdict) == (Verdict.UNCONFIRMED, Verdict.APPLIED, Verdict.DUPLICATE)
    assert money_of(payment) == ("completed", [("OD123ABC45", 1500)])
