"""The table of Daraja's error replies."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from oscar_mpesa.daraja.error_parser import is_pending, read_reply, read_token_reply
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
        read_reply(response, dict)
    return raised.value


def error_reply(code: object, message: object, *, status: int = 500) -> Response:
    document = {"requestId": "1-2-1", "errorCode": code, "errorMessage": message}
    return Response(status=status, headers={}, body=json.dumps(document).encode())


def page(status: int, text: str = "<html>Incident ID: 1</html>") -> Response:
    return Response(status=status, headers={}, body=text.encode())


@pytest.mark.parametrize(
    ("response", "error"),
    [
        pytest.param(reply("error_invalid_amount", status=400), DarajaRefused, id="a bad amount"),
        pytest.param(error_reply("400.002.02", "Bad Request - Invalid PhoneNumber"), DarajaRefused, id="a bad phone"),
        pytest.param(error_reply("400.002.05", "Invalid Request Payload"), DarajaRefused, id="a malformed body"),
        pytest.param(error_reply("404.002.01", "Resource not found"), DarajaRefused, id="nothing there"),
        pytest.param(
            error_reply("400.002.02", "Bad Request - Invalid CallBackURL"),
            DarajaMisconfigured,
            id="a bad callback address",
        ),
        pytest.param(
            error_reply("400.002.02", "Bad Request - Invalid BusinessShortCode"),
            DarajaMisconfigured,
            id="a bad short code",
        ),
        pytest.param(reply("error_merchant", status=500), ShortcodeRejected, id="no such merchant"),
        pytest.param(error_reply("500.001.1001", "Wrong credentials"), PasskeyRejected, id="a wrong passkey"),
        pytest.param(error_reply("400.002.02", "Bad Request - Invalid Password"), PasskeyRejected, id="a bad password"),
        pytest.param(error_reply("401.003.01", "not subscribed"), ProductMissing, id="a product not enabled"),
        pytest.param(error_reply("404.001.01", "Resource not found"), DarajaMisconfigured, id="a wrong path"),
        pytest.param(reply("error_locked", status=500), DarajaBusy, id="a prompt is open already"),
        pytest.param(reply("error_busy", status=500), DarajaBusy, id="the system is busy"),
        pytest.param(error_reply("500.003.03", "Quota Violation"), DarajaBusy, id="a quota"),
        pytest.param(reply("error_rate_limit", status=429), DarajaBusy, id="a rate limit"),
        pytest.param(reply("error_rate_limit", status=500), DarajaBusy, id="a rate limit dressed as a fault"),
        pytest.param(page(429, ""), DarajaBusy, id="a rate limit without words"),
        pytest.param(reply("error_invalid_token", status=404), TokenRejected, id="a token refused with 404"),
        pytest.param(error_reply("400.003.01", "Invalid Access Token"), TokenRejected, id="a token refused with 400"),
        pytest.param(error_reply("401.002.01", "Error Occurred"), TokenRejected, id="a token refused with 401"),
        pytest.param(page(401), TokenRejected, id="a token refused without words"),
        pytest.param(error_reply("500.003.1001", "Internal Server Error"), DarajaUnreadable, id="an internal error"),
        pytest.param(
            error_reply("500.001.1001", "Something new"), DarajaUnreadable, id="the code of five meanings, a sixth"
        ),
        pytest.param(error_reply("777.1", "Something new", status=400), DarajaUnreadable, id="an unknown code"),
        pytest.param(error_reply(True, "true"), DarajaUnreadable, id="a code of another type"),
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
def test_each_reply_raises_its_error(response: Response, error: type[DarajaError]) -> None:
    raised = error_of(response)

    assert type(raised) is error
    assert raised.http_status == response.status
    assert raised.was_not_sent is (error is not DarajaUnreadable)


def test_firewall_page_says_that_the_server_is_blocked() -> None:
    assert "blocks this server's address" in error_of(page(403)).message


def test_error_keeps_safaricoms_code_and_message() -> None:
    raised = error_of(reply("error_merchant", status=500))

    assert (raised.error_code, raised.message) == ("500.001.1001", "Merchant does not exist")


def test_error_keeps_the_gateways_faultstring() -> None:
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
def test_rate_limit_has_retry_after_seconds(headers: Mapping[str, str], seconds: int | None) -> None:
    raised = error_of(Response(status=429, headers=headers, body=b""))

    assert isinstance(raised, DarajaBusy)
    assert raised.retry_after == seconds


def test_reply_without_expected_fields_is_unreadable() -> None:
    def read(document: Mapping[str, object]) -> str:
        raise ValueError("no CheckoutRequestID")

    with pytest.raises(DarajaUnreadable, match="no CheckoutRequestID"):
        read_reply(reply("push_accepted"), read)


@pytest.mark.parametrize("status", [400, 401, 404])
def test_empty_oauth_refusal_is_misconfigured(status: int) -> None:
    with pytest.raises(DarajaMisconfigured, match="consumer key"):
        read_token_reply(page(status, ""), dict)


def test_token_reply_is_read() -> None:
    assert read_token_reply(reply("oauth_token"), dict)["expires_in"] == "3599"


@pytest.mark.parametrize(
    ("response", "pending"),
    [
        pytest.param(reply("error_being_processed", status=500), True, id="being processed"),
        pytest.param(reply("error_does_not_exist", status=500), True, id="not known yet"),
        pytest.param(
            error_reply("400.002.02", "Bad Request - Invalid CheckoutRequestID"), True, id="an id not known yet"
        ),
        pytest.param(error_reply("400.002.02", "Bad Request - Invalid Password"), False, id="the shop's password"),
        pytest.param(reply("error_merchant", status=500), False, id="no such merchant"),
        pytest.param(error_reply("500.001.1001", "Something new"), False, id="something new"),
        pytest.param(reply("error_busy", status=500), False, id="busy"),
        pytest.param(page(503), False, id="HTML"),
    ],
)
def test_some_query_errors_are_pending(response: Response, pending: bool) -> None:
    assert is_pending(error_of(response)) is pending
