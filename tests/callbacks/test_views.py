"""The callback view: it stores any body with status 200, and only the payment's secret verifies it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from oscar_mpesa.models import MpesaCallback, MpesaEvent, MpesaPayment, MpesaReceipt, Verdict
from tests.callbacks.failures import failing
from tests.shop import new_payment, success

pytestmark = pytest.mark.django_db(transaction=True)

ACCEPTED = {"ResultCode": 0, "ResultDesc": "Accepted"}
OPEN_URL = "/api/payments/mpesa/callback"
URLS = ["/api/payments/mpesa/callback/{secret}", "/api/payments/hooks/{secret}"]

#: A test callback, as the shop's owner can post it with curl.
TEST_CALLBACK = b'{"Body":{"stkCallback":{"CheckoutRequestID":"test","ResultCode":0}}}'

BAD_BODIES = {
    "empty": b"",
    "binary": bytes(range(256)) * 8,
    "a NUL": b"\x00",
    "NUL in a text": b'{"Body":{"stkCallback":{"CheckoutRequestID":"a\\u0000b","ResultCode":0}}}',
    "huge": b'{"Body":' + b"[" * 200_000,
    "huge and well formed": json.dumps({"Body": {"stkCallback": {"ResultDesc": "x" * 200_000}}}).encode(),
    "deeply nested": b'{"Body":' * 5_000 + b"1" + b"}" * 5_000,
    "cut off": TEST_CALLBACK[:-4],
    "not UTF-8": '{"Body":"é"}'.encode("latin-1"),
    "UTF-16": TEST_CALLBACK.decode().encode("utf-16"),
    "a number": b"7",
    "a list": b"[]",
    "null": b"null",
    "NaN": b'{"Body":{"stkCallback":{"ResultCode":NaN}}}',
    "a huge number": b'{"Body":{"stkCallback":{"ResultCode":' + b"9" * 10_000 + b"}}}",
    "Body of another type": b'{"Body":"text"}',
    "stkCallback of another type": b'{"Body":{"stkCallback":[1]}}',
    "ids of another type": b'{"Body":{"stkCallback":{"CheckoutRequestID":{},"ResultCode":[]}}}',
    "items of another type": b'{"Body":{"stkCallback":{"ResultCode":0,"CallbackMetadata":{"Item":7}}}}',
    "half a surrogate": b'{"Body":{"stkCallback":{"CheckoutRequestID":"\\ud800","ResultCode":0}}}',
}
CONTENT_TYPES = [
    "application/json",
    "application/json; charset=nonsense",
    "text/plain",
    "text/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "nonsense",
    "",
]


@pytest.fixture
def payment() -> MpesaPayment:
    return new_payment(now=timezone.now())


def send(client: Client, path: str, body: bytes, content_type: str = "application/json", **extra: Any) -> Any:
    return client.generic("POST", path, body, content_type=content_type, **extra)


def paths(secret: str) -> list[str]:
    return [url.format(secret=secret) + end for url in URLS for end in ("", "/")]


def is_accepted(answer: Any) -> bool:
    return bool(answer.status_code == 200 and answer.json() == ACCEPTED)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("end", ["", "/"], ids=["no slash", "slash"])
def test_callback_pays_on_every_url_with_the_secret(client: Client, payment: MpesaPayment, url: str, end: str) -> None:
    answer = send(client, url.format(secret=payment.secret) + end, success(payment))

    payment.refresh_from_db()
    assert is_accepted(answer)
    assert payment.status == "completed"
    assert MpesaCallback.objects.get().verdict == Verdict.APPLIED


@pytest.mark.parametrize("path", [OPEN_URL, f"{OPEN_URL}/"], ids=["no slash", "slash"])
def test_callback_without_the_secret_changes_nothing(client: Client, payment: MpesaPayment, path: str) -> None:
    answer = send(client, path, success(payment))

    payment.refresh_from_db()
    assert is_accepted(answer)
    assert payment.status == "processing"
    assert MpesaCallback.objects.get().verdict == Verdict.UNVERIFIED
    assert not MpesaReceipt.objects.exists()


@pytest.mark.parametrize(
    "secret",
    ["0" * 32, "x", "%00", "%0A", "a" * 65, "a" * 5_000, "é", "..", "%F0%9F%92%B8", "' OR 1=1 --", "%"],
    ids=["unknown", "short", "NUL", "newline", "long", "very long", "accent", "dots", "emoji", "SQL", "percent"],
)
def test_unknown_secret_is_unverified(client: Client, payment: MpesaPayment, secret: str) -> None:
    answers = [send(client, path, success(payment)) for path in paths(secret)]

    payment.refresh_from_db()
    assert all(map(is_accepted, answers))
    assert {callback.verdict for callback in MpesaCallback.objects.all()} == {Verdict.UNVERIFIED}
    assert (payment.status, MpesaReceipt.objects.count()) == ("processing", 0)


def test_secret_is_case_sensitive(client: Client, payment: MpesaPayment) -> None:
    MpesaPayment.objects.update(secret="abc" * 10)

    send(client, f"/api/payments/hooks/{'ABC' * 10}/", success(payment))

    assert MpesaCallback.objects.get().verdict == Verdict.UNVERIFIED


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_bad_body_is_stored_and_changes_nothing(client: Client, payment: MpesaPayment, body: bytes) -> None:
    answers = [send(client, path, body) for path in [*paths(payment.secret), OPEN_URL, f"{OPEN_URL}/"]]

    payment.refresh_from_db()
    verified, unverified = MpesaCallback.objects.filter(payment=payment), MpesaCallback.objects.filter(payment=None)
    assert all(map(is_accepted, answers))
    assert (payment.status, MpesaReceipt.objects.count()) == ("processing", 0)
    assert [bytes(callback.body) for callback in verified] == [body[:65_536]] * 4
    assert [bytes(callback.body) for callback in unverified] == [body[:2_048]] * 2
    assert Verdict.FAILED not in {callback.verdict for callback in verified}


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_any_content_type_is_accepted(client: Client, payment: MpesaPayment, content_type: str) -> None:
    answer = send(client, f"/api/payments/hooks/{payment.secret}/", success(payment), content_type)

    payment.refresh_from_db()
    assert is_accepted(answer)
    assert payment.status == "completed"


def test_form_body_is_stored_raw(client: Client, payment: MpesaPayment) -> None:
    answer = client.post(f"/api/payments/hooks/{payment.secret}/", {"ResultCode": "0"})

    assert is_accepted(answer)
    assert b"ResultCode" in bytes(MpesaCallback.objects.get().body)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(client: Client, payment: MpesaPayment, method: str) -> None:
    statuses = {client.generic(method, path).status_code for path in [OPEN_URL, f"{OPEN_URL}/", *paths(payment.secret)]}

    assert statuses == {405}
    assert not MpesaCallback.objects.exists()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "POST"])
@pytest.mark.parametrize("path", ["hooks/{secret}/more", "hooks/{secret}//", "mpesa/callback/{secret}/a/b/"])
def test_log_of_a_refused_path_has_no_secret(
    client: Client, payment: MpesaPayment, method: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    longer = client.generic(method, f"/api/payments/{path.format(secret=payment.secret)}")
    other = client.generic("PUT", f"/api/payments/hooks/{payment.secret}/")

    elsewhere = client.get("/api/payments/elsewhere/")

    assert [answer.status_code for answer in (longer, other, elsewhere)] == [404, 405, 404]
    assert other.headers["Allow"] == "POST"
    assert "/api/payments/elsewhere/" in caplog.text
    assert payment.secret not in caplog.text


def test_unverified_test_callback_is_stored_and_changes_nothing(client: Client, payment: MpesaPayment) -> None:
    before = MpesaPayment.objects.values().get(), MpesaEvent.objects.count()

    answer = send(client, "/api/payments/mpesa/callback/", TEST_CALLBACK)

    assert is_accepted(answer)
    assert (MpesaPayment.objects.values().get(), MpesaEvent.objects.count()) == before
    callback = MpesaCallback.objects.get()
    assert (callback.verdict, bytes(callback.body), callback.address) == (
        Verdict.UNVERIFIED,
        TEST_CALLBACK,
        "127.0.0.1",
    )


def test_unverified_flood_is_counted_but_not_stored(client: Client) -> None:
    answers = [send(client, f"{OPEN_URL}/", TEST_CALLBACK) for _ in range(20 + 5)]

    assert all(map(is_accepted, answers))
    assert MpesaCallback.objects.count() == 20
    assert sum(MpesaCallback.objects.values_list("suppressed", flat=True)) == 5


def test_flood_does_not_block_the_valid_callback(client: Client, payment: MpesaPayment) -> None:
    for _ in range(20 + 5):
        send(client, f"{OPEN_URL}/", TEST_CALLBACK)

    send(client, f"/api/payments/hooks/{payment.secret}/", success(payment))

    payment.refresh_from_db()
    assert payment.status == "completed"


def test_callback_needs_no_csrf_token(payment: MpesaPayment) -> None:
    strict = Client(enforce_csrf_checks=True)

    answers = [send(strict, path, success(payment)) for path in [OPEN_URL, *paths(payment.secret)]]

    assert all(map(is_accepted, answers))


@pytest.mark.parametrize("path", [OPEN_URL, *paths("0" * 32)])
def test_view_is_non_atomic_csrf_exempt_and_public(path: str) -> None:
    view: Any = resolve(path).func

    assert view._non_atomic_requests == {"default"}
    assert view.csrf_exempt is True
    assert view.login_required is False


@pytest.mark.parametrize(
    "path", [f"{OPEN_URL}/", "/api/payments/hooks/{secret}/"], ids=["without secret", "with secret"]
)
def test_database_error_returns_503(
    client: Client, payment: MpesaPayment, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with failing("oscar_mpesa_mpesacallback"):
        refused = send(client, path.format(secret=payment.secret), success(payment))
    kept = send(client, path.format(secret=payment.secret), success(payment))

    assert refused.status_code == 503
    assert payment.secret not in caplog.text
    assert refused.json()["ResultCode"] != 0
    assert is_accepted(kept)
    assert MpesaCallback.objects.count() == 1


def test_callback_survives_a_processing_error(client: Client, payment: MpesaPayment) -> None:
    with failing("oscar_mpesa_mpesareceipt"):
        answer = send(client, f"/api/payments/hooks/{payment.secret}/", success(payment))

    callback = MpesaCallback.objects.get()
    payment.refresh_from_db()
    assert is_accepted(answer)
    assert (callback.verdict, callback.tries) == (Verdict.FAILED, 1)
    assert callback.next_try_at is not None
    assert (payment.status, payment.mpesa_order.order.status) == ("processing", "Pending payment")


def test_address_uses_only_trusted_proxies(client: Client, settings: Any) -> None:
    forwarded = "1.2.3.4, 196.201.214.200"
    send(client, OPEN_URL, TEST_CALLBACK, headers={"X-Forwarded-For": forwarded})
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "TRUSTED_PROXIES": 1}
    send(client, OPEN_URL, TEST_CALLBACK, headers={"X-Forwarded-For": forwarded})

    kept = list(MpesaCallback.objects.order_by("pk").values_list("address", flat=True))

    assert kept == ["127.0.0.1", "196.201.214.200"]


@pytest.mark.parametrize(("listed", "warnings"), [("196.201.214.200", 1), ("127.0.0.0/8", 0)])
def test_callback_from_unlisted_address_pays_with_a_warning(
    client: Client, payment: MpesaPayment, settings: Any, caplog: pytest.LogCaptureFixture, listed: str, warnings: int
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ALLOWED_IPS": [listed]}

    send(client, f"/api/payments/hooks/{payment.secret}/", success(payment))

    payment.refresh_from_db()
    assert payment.status == "completed"
    assert caplog.text.count("from 127.0.0.1, not in MPESA_ALLOWED_IPS") == warnings
    assert payment.secret not in caplog.text
