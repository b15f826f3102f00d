"""Every callback is stored first, and applied only with the payment's own secret (M3, M4)."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, connection

from oscar_mpesa.models import MpesaCallback, MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.services.callbacks import find_payment, process_callback, receive_callback
from tests.services.concurrent_changes import failing_queries
from tests.shop import failure, later, new_payment, post, success

pytestmark = pytest.mark.django_db


def test_success_without_the_secret_is_stored_and_pays_nothing() -> None:
    payment = new_payment()

    callback = receive_callback(success(payment), secret="", address="203.0.113.9", now=later(3))

    payment.refresh_from_db()
    assert callback is not None
    assert callback.verdict == Verdict.UNVERIFIED
    assert callback.payment_id is None
    assert payment.status == "processing"
    assert not MpesaReceipt.objects.exists()


@pytest.mark.parametrize("secret", ["0" * 32, "\x00", "x" * 65, "é"], ids=["unknown", "nul", "long", "not ascii"])
def test_unknown_secret_finds_no_payment(secret: str) -> None:
    new_payment()

    assert find_payment(secret) is None


def test_unverified_post_moves_the_next_query_to_now_once_a_minute() -> None:
    payment = new_payment()

    receive_callback(success(payment), secret="bad", address=None, now=later(3))
    receive_callback(success(payment), secret="bad", address=None, now=later(9))

    payment.refresh_from_db()
    assert (payment.next_query_at, payment.query_count) == (later(3), 0)


@pytest.mark.parametrize("body", [b"noise", b'{"Body":{"stkCallback":{"ResultCode":0}}}'], ids=["unreadable", "no id"])
def test_unverified_post_without_a_known_id_moves_no_query(body: bytes) -> None:
    payment = new_payment()

    receive_callback(body, secret="bad", address=None, now=later(3))

    payment.refresh_from_db()
    assert payment.next_query_at == later(20)


def test_unverified_posts_are_stored_up_to_a_cap_and_counted_beyond_it() -> None:
    for _ in range(20):
        receive_callback(b"noise", secret="", address=None, now=later(1))

    beyond = receive_callback(b"more noise", secret="", address=None, now=later(2))
    after_a_minute = receive_callback(b"noise", secret="", address=None, now=later(62))

    assert beyond is None
    assert after_a_minute is not None
    assert MpesaCallback.objects.count() == 20 + 1
    assert sum(MpesaCallback.objects.values_list("suppressed", flat=True)) == 1


def test_bodies_are_cut_and_more_so_without_the_secret() -> None:
    payment = new_payment()
    huge = b"x" * 200_000

    trusted = post(payment, huge)
    unverified = receive_callback(huge, secret="", address=None, now=later(1))

    assert unverified is not None
    assert (len(trusted.body), len(unverified.body)) == (64 * 1024, 2 * 1024)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\x01\x02",
        b"[]",
        b"null",
        b'{"Body": 5}',
        b"[" * 20_000,
        b"\xff\xfe",
        json.dumps({"a": "\x00"}).encode(),
    ],
    ids=["empty", "binary", "list", "null", "wrong type", "deeply nested", "not utf-8", "nul in text"],
)
def test_unreadable_body_is_stored_and_its_payment_queried_now(body: bytes) -> None:
    payment = new_payment()

    callback = post(payment, body, now=later(3))

    payment.refresh_from_db()
    kept = MpesaCallback.objects.get()
    assert (callback.verdict, bytes(kept.body)) == (Verdict.UNREADABLE, body)
    assert kept.reason
    assert (payment.status, payment.next_query_at) == ("processing", later(3))


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        (b"<html>", "not_json", "body"),
        (b"[]", "not_an_object", "body"),
        (b"{}", "missing", "stkCallback"),
        (b'{"Body": {"stkCallback": {"CheckoutRequestID": []}}}', "not_text", "CheckoutRequestID"),
        (b'{"Body": {"stkCallback": {"ResultCode": NaN}}}', "not_a_number", "ResultCode"),
        (b'{"Body": {"stkCallback": {"ResultCode": "' + b"9" * 65 + b'"}}}', "too_long", "ResultCode"),
        (b'{"Body": {"stkCallback": {"a": 1, "CallbackMetadata": {"Item": 5}}}}', "not_a_list", "Item"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unreadable_body_stores_a_code_and_the_field(body: bytes, reason: str, detail: str) -> None:
    post(new_payment(), body)

    kept = MpesaCallback.objects.get()
    assert (kept.verdict, kept.reason, kept.detail) == ("unreadable", reason, detail)


def test_nul_in_a_callback_s_text_loses_no_callback() -> None:
    payment = new_payment()
    body = success(payment).replace(b"The service", b"The\\u0000 service")

    post(payment, body)

    payment.refresh_from_db()
    assert payment.status == "completed"
    assert "\x00" not in payment.result_description


def test_duplicate_costs_at_most_four_queries(django_assert_max_num_queries: object) -> None:
    payment = new_payment()
    body = success(payment)
    post(payment, body)

    with django_assert_max_num_queries(4):  # type: ignore[operator]
        callback = post(payment, body, now=later(8))

    assert callback.verdict == Verdict.DUPLICATE


def test_crash_while_processing_leaves_the_callback_to_retry() -> None:
    payment = new_payment()

    with failing_queries("UPDATE", "mpesapayment", error=RuntimeError("crash")):
        callback = post(payment, success(payment), now=later(3))

    kept = MpesaCallback.objects.get(pk=callback.pk)
    assert (kept.verdict, kept.tries, kept.next_try_at) == (Verdict.FAILED, 1, later(63))
    assert (kept.reason, kept.detail) == ("crashed", "RuntimeError('crash')")


@pytest.mark.django_db(transaction=True)
def test_database_lost_after_the_first_row_keeps_the_row() -> None:
    payment = new_payment()

    with failing_queries("UPDATE", "mpesacallback", error=DatabaseError("gone")):
        callback = post(payment, success(payment), now=later(3))

    assert MpesaCallback.objects.get(pk=callback.pk).verdict == Verdict.RECEIVED
    assert connection.is_usable()
    assert MpesaPayment.objects.get().status == "processing"


def test_callback_that_another_worker_applied_is_no_duplicate_of_itself() -> None:
    payment = new_payment()
    post(payment, failure(payment))
    callback = post(payment, success(payment), now=later(60), confirmed=False)
    first = callback.verdict
    process_callback(MpesaCallback.objects.get(pk=callback.pk), payment, now=later(61), is_confirmed=True)

    process_callback(callback, payment, now=later(61), is_confirmed=True)

    seen = callback.verdict
    callback.refresh_from_db()
    assert (first, seen, callback.verdict) == (Verdict.UNCONFIRMED, Verdict.APPLIED, Verdict.APPLIED)
    assert MpesaReceipt.objects.get().number == "OD123ABC45"
