"""Made-up credentials and Daraja's replies, for scripted transports."""

from __future__ import annotations

import json

from oscar_mpesa.daraja.transport import Response

CREDENTIALS = {
    "ENVIRONMENT": "sandbox",
    "CONSUMER_KEY": "key",
    "CONSUMER_SECRET": "secret-of-the-app",
    "SHORTCODE": "174379",
    "PASSKEY": "passkey-of-the-app",
    "CALLBACK_URL": "https://shop.example.com/api/payments/hooks/",
    "TEST_MODE": True,
    "WAKE": "oscar_mpesa.testing.deliver_due",
}
ACCEPTED = {
    "MerchantRequestID": "29115-1",
    "CheckoutRequestID": "ws_CO_231120261500001708374149",
    "ResponseCode": "0",
    "ResponseDescription": "Success. Request accepted for processing",
    "CustomerMessage": "Success",
}


def refusal(code: str, message: str, *, status: int) -> Response:
    body = json.dumps({"requestId": "1", "errorCode": code, "errorMessage": message}).encode()
    return Response(status=status, headers={}, body=body)


def query_reply(code: str) -> dict[str, str]:
    return {
        "ResponseCode": "0",
        "CheckoutRequestID": ACCEPTED["CheckoutRequestID"],
        "ResultCode": code,
        "ResultDesc": "simulated",
    }
