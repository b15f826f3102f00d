"""What Daraja writes back over HTTP: its JSON, its errors, and the pages that stand in their place now and then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from oscar_mpesa.simulator.results import SimulatedPayment
from oscar_mpesa.simulator.test_numbers import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, as it goes out."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A clear no in Daraja's own form."""

    status: int
    code: str
    message: str

    @property
    def reply(self) -> Reply:
        """The same, written."""
        return said(self.status, requestId="16813-1590513-1", errorCode=self.code, errorMessage=self.message)


def said(status: int = 200, /, **document: object) -> Reply:
    """Any JSON answer."""
    return Reply(status=status, body=json.dumps(document).encode(), headers={"Content-Type": "application/json"})


def invalid(name: str) -> Refusal:
    """A field that Daraja does not take."""
    return Refusal(status=400, code="400.002.02", message=f"Bad Request - Invalid {name}")


MALFORMED = Refusal(status=400, code="400.002.05", message="Invalid Request Payload")
NO_GRANT = Refusal(status=400, code="400.008.02", message="Invalid grant type passed")
NO_RESOURCE = Refusal(status=404, code="404.001.01", message="Resource not found")
NO_TOKEN = Refusal(status=404, code="404.001.03", message="Invalid Access Token")
NO_MERCHANT = Refusal(status=500, code="500.001.1001", message="Merchant does not exist")
NO_CREDENTIALS = Refusal(status=500, code="500.001.1001", message="Wrong credentials")
NOT_KNOWN = Refusal(status=500, code="500.001.1001", message="The transaction does not exist")
NOT_DONE = Refusal(status=500, code="500.001.1001", message="The transaction is being processed")
LOCKED = Refusal(
    status=500,
    code="500.001.1001",
    message="Unable to lock subscriber, a transaction is already in process for the current subscriber",
)

#: In the answer to a query: the phone has not answered yet.
PENDING = Result(code=4999, description="The transaction is still under processing")

#: Of OAuth, for a key or secret that it does not know: no word of why.
NOBODY = Reply(status=400)

_SPIKE_ARREST = {
    "faultstring": "Spike arrest violation. Allowed rate : 5pm",
    "detail": {"errorcode": "policies.ratelimit.SpikeArrestViolation"},
}
RATE_LIMIT = Reply(
    status=429,
    body=json.dumps({"fault": _SPIKE_ARREST}).encode(),
    headers={"Content-Type": "application/json", "Retry-After": "12"},
)
PAGE = Reply(
    status=403,
    body=b"<html><head><title>Error</title></head><body>Request unsuccessful. Incident ID: 0-0</body></html>",
    headers={"Content-Type": "text/html"},
)


def token_reply(token: str) -> Reply:
    """A new token; it lives for an hour unless another is asked for."""
    return said(access_token=token, expires_in="3599")


def push_accepted(facts: SimulatedPayment) -> Reply:
    """The prompt goes to the phone; nothing is paid by that."""
    told = "Success. Request accepted for processing"
    return said(
        MerchantRequestID=facts.merchant_request_id,
        CheckoutRequestID=facts.checkout_request_id,
        ResponseCode="0",
        ResponseDescription=told,
        CustomerMessage=told,
    )


def result_reply(facts: SimulatedPayment, result: Result) -> Reply:
    """What a query hears, with the code as a text: no receipt, no amount, no phone."""
    return said(
        ResponseCode="0",
        ResponseDescription="The service request has been accepted successsfully",
        MerchantRequestID=facts.merchant_request_id,
        CheckoutRequestID=facts.checkout_request_id,
        ResultCode=str(result.code),
        ResultDesc=result.description,
    )
