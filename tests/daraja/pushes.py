"""A push, its credentials, its time, and a fake clock."""

from __future__ import annotations

from datetime import datetime, timezone

from oscar_mpesa.daraja.credentials import HOSTS, SANDBOX_SHORTCODE, Credentials
from oscar_mpesa.daraja.stk_push import StkPush
from oscar_mpesa.domain.phone import PhoneNumber

PAYBILL = Credentials(
    consumer_key="the-key",
    consumer_secret="the-secret",
    shortcode=SANDBOX_SHORTCODE,
    passkey="the-passkey",
    base_url=HOSTS["sandbox"],
)


class Clock:
    """A clock that only ``sleep`` moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


NOW = datetime(2026, 11, 23, 22, 30, 5, tzinfo=timezone.utc)

PUSH = StkPush(
    phone=PhoneNumber(msisdn="254708374149"),
    amount=1500,
    callback_url="https://shop.example/hooks/0123456789abcdef/",
    account_reference="100042",
    description="Order 100042",
)
