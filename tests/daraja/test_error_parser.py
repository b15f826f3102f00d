"""The table of Daraja's error replies."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from oscar_mpesa.daraja.error_parser import is_pending, read_reply, read_token_reply
from oscar_mpesa.daraja.exceptions import (
    AmountRefused,
    DarajaBlocked,
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    DarajaUnreadable,
    KeysRejected,
    NumberRefused,
    PasskeyRejected,
    ProductMissing,
    ShortcodeRejected,
    TokenRejected,
)
from oscar_mpesa.daraja.transport import Response
from tests.daraja.samples import reply

#: What Safaricom's OAuth answers to an address that its firewall blocks.
INCAPSULA = "<html><body>Request unsuccessful. Incapsula incident ID: 0-0</body></html>"


def error_of(response: Response) -> DarajaError:
    with pytest.raises(DarajaError) as raised:
        read_reply(response, dict)
    return raised.value


def error_reply(code: object, message: object, *, status: int = 500) -> Response:
    document = {"requestId": "1-2-1", "errorCode": code, "errorMessage": message}
    return Response(status=status, headers={}, body=json.dumps(document).encode())


def bad_field(name: str) -> Response:
    return error_reply("400.002.02", f"Bad Request - Invalid {name}", status=400)


def fault(text: str, code: str | None, *, status: int, **fields: object) -> Response:
    detail = {} if code is None else {"detail": {"errorcode": code}}
    document = {"fault": {"faultstring": text, **detail}, **fields}
    return Response(status=status, headers={}, body=json.dumps(document).encode())


NO_PROXY = "Unable to identify proxy for host: default and url: /mpesa/stkpush/v3/processrequest"
NOT_FOUND = "messaging.adaptors.http.flow.ApplicationNotFound"


def page(status: int, text: str = "<html>Incident ID: 1</html>") -> Response:
    return Response(status=status, headers={}, body=text.encode())


@pytest.mark.parametrize(
    ("response", "error"),
    [
        pytest.param(reply("error_invalid_amount", status=400), AmountRefused, id="a bad amount"),
        *(pytest.param(bad_field(name), NumberRefused, id=name) for name in ("PhoneNumber", "PartyA", "MSISDN")),
        *(
            pytest.param(bad_field(name), DarajaMisconfigured, id=name)
            for name in (
                "CallBackURL",
                "BusinessShortCode",
                "PartyB",
                "Timestamp",
                "TransactionType",
                "AccountReference",
                "TransactionDesc",
                "Remarks",
                "SomethingNew",
            )
        ),
        pytest.param(error_reply("400.002.02", "Bad Request"), DarajaRefused, id="no field named"),
        pytest.param(
            error_reply("404.001.04", "Invalid Authentication Header"), DarajaMisconfigured, id="a bad header"
        ),
        pytest.param(error_reply("400.008.01", "Invalid Authentication"), DarajaMisconfigured, id="a bad OAuth header"),
        pytest.param(error_reply("400.008.02", "Invalid grant type"), DarajaMisconfigured, id="a bad grant type"),
        pytest.param(error_reply("405.001", "Method Not Allowed", status=405), DarajaMisconfigured, id="a bad method"),
        pytest.param(error_reply("400.999.99", "Something new"), DarajaRefused, id="an unknown refusal"),
        pytest.param(error_reply("400.002.05", "Invalid Request Payload"), DarajaRefused, id="a malformed body"),
        pytest.param(error_reply("404.002.01", "Resource not found"), DarajaMisconfigured, id="nothing there"),
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
        pytest.param(page(403, ""), DarajaBlocked, id="nothing with 403"),
        pytest.param(page(200), DarajaBlocked, id="the firewall's page with 200"),
        pytest.param(page(503, INCAPSULA), DarajaBlocked, id="the firewall's page with 503"),
        pytest.param(page(503, "<html>down</html>"), DarajaUnreadable, id="another page with 503"),
        pytest.param(page(200, "<html></html>"), DarajaUnreadable, id="HTML with 200"),
        pytest.param(page(200, "[]"), DarajaUnreadable, id="a list with 200"),
        pytest.param(page(200, ""), DarajaUnreadable, id="nothing with 200"),
        pytest.param(page(200, '{"MerchantReq'), DarajaUnreadable, id="half an answer"),
        pytest.param(page(400, ""), DarajaUnreadable, id="nothing with 400"),
        pytest.param(page(302, ""), DarajaUnreadable, id="a redirect"),
        pytest.param(page(503, "<soapenv:Fault/>"), DarajaUnreadable, id="SOAP"),
        pytest.param(page(502, '{"fault": {"faultstring": "Bad gateway"}}'), DarajaUnreadable, id="a gateway's fault"),
        pytest.param(fault(NO_PROXY, NOT_FOUND, status=404), DarajaMisconfigured, id="no such address"),
        pytest.param(fault(NO_PROXY, None, status=404), DarajaMisconfigured, id="no such address, without a code"),
        pytest.param(
            fault(NO_PROXY, NOT_FOUND, status=404, errorCode="404.001.01"), DarajaMisconfigured, id="both codes"
        ),
        pytest.param(fault("Method Not Allowed", None, status=405), DarajaMisconfigured, id="a fault about the method"),
        pytest.param(
            fault("no match", "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound", status=401),
            ProductMissing,
            id="a product not enabled, by the gateway",
        ),
        pytest.param(
            fault("Invalid Access Token", "keymanagement.service.invalid_access_token", status=401),
            TokenRejected,
            id="a token refused by the gateway",
        ),
        pytest.param(
            fault("down", "messaging.adaptors.http.flow.ServiceUnavailable", status=503), DarajaUnreadable, id="down"
        ),
        pytest.param(
            fault("late", "messaging.adaptors.http.flow.GatewayTimeout", status=504), DarajaUnreadable, id="too late"
        ),
        pytest.param(page(404, "<html>Not found</html>"), DarajaUnreadable, id="a page with 404"),
        pytest.param(page(405, "<html>Not allowed</html>"), DarajaUnreadable, id="a page with 405"),
        pytest.param(page(500, '{"ok": 1}'), DarajaUnreadable, id="good words with a bad status"),
    ],
)
def test_each_reply_raises_its_error(response: Response, error: type[DarajaError]) -> None:
    raised = error_of(response)

    assert type(raised) is error
    assert raised.http_status == response.status
    assert raised.was_not_sent is not issubclass(error, DarajaUnreadable)


@pytest.mark.parametrize("status", [403, 503])
def test_firewall_page_of_a_token_says_that_the_server_is_blocked(status: int) -> None:
    with pytest.raises(DarajaBlocked) as raised:
        read_token_reply(page(status, INCAPSULA), dict)

    assert raised.value.message == "Safaricom's firewall blocks this server's address; ask Safaricom to allow it"


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


@pytest.mark.parametrize("status", [400, 401])
def test_empty_oauth_refusal_rejects_the_keys(status: int) -> None:
    with pytest.raises(KeysRejected, match="consumer key"):
        read_token_reply(page(status, ""), dict)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        pytest.param(error_reply("400.008.01", "Invalid Authentication", status=400), DarajaMisconfigured, id="header"),
        pytest.param(error_reply("400.008.02", "Invalid grant type", status=400), DarajaMisconfigured, id="grant type"),
        pytest.param(page(404, ""), DarajaMisconfigured, id="nothing there"),
        pytest.param(fault(NO_PROXY, NOT_FOUND, status=404), DarajaMisconfigured, id="no such address"),
        pytest.param(reply("error_rate_limit", status=400), DarajaBusy, id="rate limit"),
        pytest.param(
            fault("ClientId is Invalid", "oauth.v2.InvalidClientIdentifier", status=401), KeysRejected, id="key"
        ),
        pytest.param(page(400), DarajaBlocked, id="a page of the firewall"),
    ],
)
def test_oauth_refusal_is_about_the_keys_only_without_another_reason(
    response: Response, error: type[DarajaError]
) -> None:
    with pytest.raises(DarajaError) as raised:
        read_token_reply(response, dict)

    assert type(raised.value) is error


def test_json_inside_a_json_string_is_read() -> None:
    nested = json.dumps(reply("error_merchant").body.decode()).encode()

    raised = error_of(Response(status=500, headers={}, body=nested))

    assert (type(raised), raised.error_code) == (ShortcodeRejected, "500.001.1001")


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
        pytest.param(error_reply("400.002.02", "Bad Request"), True, id="a bad request, without a field"),
        pytest.param(error_reply("4999", "Pending"), True, id="the pending code"),
        pytest.param(error_reply("4999", "Pending", status=200), True, id="the pending code with 200"),
        pytest.param(
            error_reply("500.001.1001", "The transaction is being processed", status=200), True, id="200 as an error"
        ),
        pytest.param(error_reply("500.003.1001", "The transaction is still under processing"), True, id="another code"),
        pytest.param(fault("The transaction is being processed", None, status=500), True, id="the gateway's envelope"),
        pytest.param(error_reply("500.003.1001", "Internal Server Error"), False, id="an internal error"),
        pytest.param(
            error_reply(
                "500.001.1001",
                "Unable to lock subscriber, a transaction is already in process for the current subscriber",
            ),
            False,
            id="the phone is busy",
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
