"""What an answer that is no success proves."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from oscar_mpesa.daraja.error_parser import is_pending, read_answer, read_token_answer
from oscar_mpesa.daraja.exceptions import (
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    DarajaUnreadable,
    PasskeyRejected,
    ProductMissing,
    ShortcodeRejected,
    TokenRejected,
)
from oscar_mpesa.daraja.transport import Response
from tests.daraja.samples import reply


def error_of(response: Response) -> DarajaError:
    with pytest.raises(DarajaError) as raised:
        read_answer(response, dict)
    return raised.value


def said(code: object, message: object, *, status: int = 500) -> Response:
    told = {"requestId": "1-2-1", "errorCode": code, "errorMessage": message}
    return Response(status=status, headers={}, body=json.dumps(told).encode())


def page(status: int, text: str = "<html>Incident ID: 1</html>") -> Response:
    return Response(status=status, headers={}, body=text.encode())


@pytest.mark.parametrize(
    ("response", "error"),
    [
        pytest.param(reply("error_invalid_amount", status=400), DarajaRefused, id="a bad amount"),
        pytest.param(said("400.002.02", "Bad Request - Invalid PhoneNumber"), DarajaRefused, id="a bad phone"),
        pytest.param(said("400.002.05", "Invalid Request Payload"), DarajaRefused, id="a malformed body"),
        pytest.param(said("404.002.01", "Resource not found"), DarajaRefused, id="nothing there"),
        pytest.param(
            said("400.002.02", "Bad Request - Invalid CallBackURL"), DarajaMisconfigured, id="a bad callback address"
        ),
        pytest.param(
            said("400.002.02", "Bad Request - Invalid BusinessShortCode"), DarajaMisconfigured, id="a bad short code"
        ),
        pytest.param(reply("error_merchant", status=500), ShortcodeRejected, id="no such merchant"),
        pytest.param(said("500.001.1001", "Wrong credentials"), PasskeyRejected, id="a wrong passkey"),
        pytest.param(said("400.002.02", "Bad Request - Invalid Password"), PasskeyRejected, id="a bad password"),
        pytest.param(said("401.003.01", "not subscribed"), ProductMissing, id="a product not enabled"),
        pytest.param(said("404.001.01", "Resource not found"), DarajaMisconfigured, id="a wrong path"),
        pytest.param(reply("error_locked", status=500), DarajaBusy, id="a prompt is open already"),
        pytest.param(reply("error_busy", status=500), DarajaBusy, id="the system is busy"),
        pytest.param(said("500.003.03", "Quota Violation"), DarajaBusy, id="a quota"),
        pytest.param(reply("error_rate_limit", status=429), DarajaBusy, id="a rate limit"),
        pytest.param(reply("error_rate_limit", status=500), DarajaBusy, id="a rate limit dressed as a fault"),
        pytest.param(page(429, ""), DarajaBusy, id="a rate limit without words"),
        pytest.param(reply("error_invalid_token", status=404), TokenRejected, id="a token refused with 404"),
        pytest.param(said("400.003.01", "Invalid Access Token"), TokenRejected, id="a token refused with 400"),
        pytest.param(said("401.002.01", "Error Occurred"), TokenRejected, id="a token refused with 401"),
        pytest.param(page(401), TokenRejected, id="a token refused without words"),
        pytest.param(said("500.003.1001", "Internal Server Error"), DarajaUnreadable, id="an internal error"),
        pytest.param(said("500.001.1001", "Something new"), DarajaUnreadable, id="the code of five meanings, a sixth"),
        pytest.param(said("777.1", "Something new", status=400), DarajaUnreadable, id="an unknown code"),
        pytest.param(said(True, "true"), DarajaUnreadable, id="a code of another type"),
        pytest.param(page(403), DarajaUnreadable, id="the firewall's page"),
        pytest.param(page(200), DarajaUnreadable, id="HTML with 200"),
        pytest.param(page(200, "[]"), DarajaUnreadable, id="a list with 200"),
        pytest.param(page(200, ""), DarajaUnreadable, id="nothing with 200"),
        pytest.param(page(200, '{"MerchantReq'), DarajaUnreadable, id="half an answer"),
        pytest.param(page(400, ""), DarajaUnreadable, id="nothing with 400"),
        pytest.param(page(302), DarajaUnreadable, id="a redirect"),
        pytest.param(page(503, "<soapenv:Fault/>"), DarajaUnreadable, id="SOAP"),
        pytest.param(page(502, '{"fault": {"faultstring": "Bad gateway"}}'), DarajaUnreadable, id="a gateway's fault"),
        pytest.param(page(500, '{"ok": 1}'), DarajaUnreadable, id="good words with a bad status"),
    ],
)
def test_each_answer_raises_the_error_named_for_what_to_do(response: Response, error: type[DarajaError]) -> None:
    raised = error_of(response)

    assert type(raised) is error
    assert raised.http_status == response.status
    assert raised.was_not_sent is (error is not DarajaUnreadable)


def test_a_blocked_server_is_named_as_such() -> None:
    assert "blocks this server's address" in error_of(page(403)).message


def test_safaricoms_own_words_are_kept() -> None:
    raised = error_of(reply("error_merchant", status=500))

    assert (raised.error_code, raised.message) == ("500.001.1001", "Merchant does not exist")


def test_the_gateways_words_are_kept_too() -> None:
    assert error_of(reply("error_rate_limit", status=429)).message.startswith("Spike arrest violation.")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"retry-after": " 5 "}, 5),
        ({"Retry-After": "99999"}, 3600),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
    ids=repr,
)
def test_a_rate_limit_says_how_long_to_wait(headers: Mapping[str, str], seconds: int | None) -> None:
    raised = error_of(Response(status=429, headers=headers, body=b""))

    assert isinstance(raised, DarajaBusy)
    assert raised.retry_after == seconds


def test_an_answer_that_lacks_what_was_asked_for_proves_nothing() -> None:
    def read(document: Mapping[str, object]) -> str:
        raise ValueError("no CheckoutRequestID")

    with pytest.raises(DarajaUnreadable, match="no CheckoutRequestID"):
        read_answer(reply("push_accepted"), read)


@pytest.mark.parametrize("status", [400, 401, 404])
def test_wrong_keys_are_refused_with_an_empty_answer(status: int) -> None:
    with pytest.raises(DarajaMisconfigured, match="consumer key"):
        read_token_answer(page(status, ""), dict)


def test_a_token_answer_is_read_like_any_other() -> None:
    assert read_token_answer(reply("oauth_token"), dict)["expires_in"] == "3599"


@pytest.mark.parametrize(
    ("response", "pending"),
    [
        pytest.param(reply("error_being_processed", status=500), True, id="being processed"),
        pytest.param(reply("error_does_not_exist", status=500), True, id="not known yet"),
        pytest.param(said("400.002.02", "Bad Request - Invalid CheckoutRequestID"), True, id="an id not known yet"),
        pytest.param(said("400.002.02", "Bad Request - Invalid Password"), False, id="the shop's password"),
        pytest.param(reply("error_merchant", status=500), False, id="no such merchant"),
        pytest.param(said("500.001.1001", "Something new"), False, id="something new"),
        pytest.param(reply("error_busy", status=500), False, id="busy"),
        pytest.param(page(503), False, id="HTML"),
    ],
)
def test_some_errors_of_a_query_only_mean_wait(response: Response, pending: bool) -> None:
    assert is_pending(error_of(response)) is pending
