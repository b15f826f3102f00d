"""Daraja's HTTP replies: JSON, errors, and the HTML page of its firewall."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from oscar_mpesa.simulator.results import SimulatedPayment
from oscar_mpesa.simulator.test_numbers import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP response."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error in Daraja's format."""

    status: int
    code: str
    message: str

    @property
    def reply(self) -> Reply:
        """Return the error as an HTTP response."""
        return json_reply(self.status, requestId="16813-1590513-1", errorCode=self.code, errorMessage=self.message)


def json_reply(status: int = 200, /, **document: object) -> Reply:
    """Return a JSON response."""
    return Reply(status=status, body=json.dumps(document).encode(), headers={"Content-Type": "application/json"})


def invalid(name: str) -> Refusal:
    """Return the error for an invalid field."""
    return Refusal(status=400, code="400.002.02", message=f"Bad Request - Invalid {name}")


MALFORMED = Refusal(status=400, code="400.002.05", message="Invalid Request Payload")
INVALID_GRANT = Refusal(status=400, code="400.008.02", message="Invalid grant type passed")
NOT_FOUND = Refusal(status=404, code="404.001.01", message="Resource not found")
INVALID_TOKEN = Refusal(status=404, code="404.001.03", message="Invalid Access Token")
UNKNOWN_MERCHANT = Refusal(status=500, code="500.001.1001", message="Merchant does not exist")
WRONG_PASSWORD = Refusal(status=500, code="500.001.1001", message="Wrong credentials")
UNKNOWN_PUSH = Refusal(status=500, code="500.001.1001", message="The transaction does not exist")
BEING_PROCESSED = Refusal(status=500, code="500.001.1001", message="The transaction is being processed")
LOCKED = Refusal(
    status=500,
    code="500.001.1001",
    message="Unable to lock subscriber, a transaction is already in process for the current subscriber",
)

#: The result in a query's reply while the phone has not answered.
PENDING = Result(code=4999, description="The transaction is still under processing")

#: OAuth's reply to a wrong key or secret: empty.
WRONG_KEYS = Reply(status=400)

_SPIKE_ARREST = {
    "faultstring": "Spike arrest violation. Allowed rate : 5pm",
    "detail": {"errorcode": "policies.ratelimit.SpikeArrestViolation"},
}
RATE_LIMIT = Reply(
    status=429,
    body=json.dumps({"fault": _SPIKE_ARREST}).encode(),
    headers={"Content-Type": "application/json", "Retry-After": "12"},
)
FIREWALL_PAGE = Reply(
    status=403,
    body=b"<html><head><title>Error</title></head><body>Request unsuccessful. Incident ID: 0-0</body></html>",
    headers={"Content-Type": "text/html"},
)


def token_reply(token: str) -> Reply:
    """Return the reply with a new token. It lives for an hour, or until the next token."""
    return json_reply(access_token=token, expires_in="3599")


def push_accepted(payment: SimulatedPayment) -> Reply:
    """Return the reply that accepts a push."""
    description = "Success. Request accepted for processing"
    return json_reply(
        MerchantRequestID=payment.merchant_request_id,
        CheckoutRequestID=payment.checkout_request_id,
        ResponseCode="0",
        ResponseDescription=description,
        CustomerMessage=description,
    )


def result_reply(payment: SimulatedPayment, result: Result) -> Reply:
    """Return a query's reply. The code is text, and there is no receipt, amount or phone."""
    return json_reply(
        ResponseCode="0",
        ResponseDescription="The service request has been accepted successsfully",
        MerchantRequestID=payment.merchant_request_id,
        CheckoutRequestID=payment.checkout_request_id,
        ResultCode=str(result.code),
        ResultDesc=result.description,
    )
