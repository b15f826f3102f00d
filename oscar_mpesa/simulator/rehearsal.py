"""Answer the requests of the Daraja client in this process, without a network and without a phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from oscar_mpesa.daraja.credentials import SANDBOX_SHORTCODE, Credentials
from oscar_mpesa.daraja.json import read_object
from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.simulator import replies
from oscar_mpesa.simulator.replies import Reply
from oscar_mpesa.simulator.results import push_reply
from oscar_mpesa.simulator.validation import refuse_push

#: The credentials of a shop that has none of its own. They open nothing.
NO_CREDENTIALS = Credentials(
    consumer_key="rehearsal",
    consumer_secret="rehearsal",  # nosec B106 # opens nothing
    shortcode=SANDBOX_SHORTCODE,
    passkey="rehearsal",
    base_url="https://rehearsal.invalid",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalTransport:
    """A transport that sends nothing. It gives a token, and judges a push as Daraja does."""

    credentials: Credentials

    def send(self, request: Request) -> Response:
        """Return what Daraja would answer."""
        reply = self._judge(request) if request.method == "POST" else replies.token_reply("rehearsal")
        return Response(status=reply.status, body=reply.body, headers=dict(reply.headers))

    def _judge(self, request: Request) -> Reply:
        fields = read_object(request.body or b"{}")
        now = datetime.now(timezone.utc)
        refusal = refuse_push(fields, self.credentials, now=now)
        if refusal is not None:
            return refusal.reply
        ids = push_reply(public_id=str(fields["CallBackURL"]), msisdn=str(fields["PhoneNumber"]), now=now)
        return replies.json_reply(
            MerchantRequestID=ids.merchant_request_id,
            CheckoutRequestID=ids.checkout_request_id,
            ResponseCode="0",
            ResponseDescription=ids.description,
            CustomerMessage=ids.description,
        )


class OwnTokens:
    """A cache of tokens that no other client sees."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        """Return the value, None if there is none."""
        return self._values.get(key)

    def set(self, key: str, value: Any, timeout: float) -> None:
        """Store the value."""
        self._values[key] = value

    def add(self, key: str, value: Any, timeout: float) -> bool:
        """Store the value if there is none. Return whether it was stored."""
        return self._values.setdefault(key, value) is value

    def delete(self, key: str) -> None:
        """Forget the value."""
        self._values.pop(key, None)
