"""The shop's Daraja credentials, the URLs of the API, and the fields that sign a request."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType

from oscar_mpesa.daraja.hidden import HiddenText
from oscar_mpesa.domain.timezone import NAIROBI

HOSTS: Mapping[str, str] = MappingProxyType(
    {"sandbox": "https://sandbox.safaricom.co.ke", "production": "https://api.safaricom.co.ke"}
)

#: The short code that all shops share in the sandbox.
SANDBOX_SHORTCODE = "174379"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The shop's keys and short code. With a ``till`` it is Buy Goods, and ``shortcode`` is its store number."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    shortcode: str
    passkey: str = field(repr=False)
    till: str = ""
    base_url: str

    @property
    def transaction_type(self) -> str:
        """Return the TransactionType for a till or a paybill."""
        return "CustomerBuyGoodsOnline" if self.till else "CustomerPayBillOnline"

    @property
    def party_b(self) -> str:
        """Return the number that receives the money: the till, or the paybill itself."""
        return self.till or self.shortcode

    @property
    def oauth_url(self) -> str:
        """Return the URL of the OAuth token."""
        return self._url("/oauth/v1/generate?grant_type=client_credentials")

    @property
    def push_url(self) -> str:
        """Return the URL of the STK push."""
        return self._url("/mpesa/stkpush/v1/processrequest")

    @property
    def query_url(self) -> str:
        """Return the URL of the STK query."""
        return self._url("/mpesa/stkpushquery/v1/query")

    @property
    def token_key(self) -> str:
        """Return the cache key of the token that all workers share. It depends on the keys and the host."""
        text = "\n".join((self.base_url, self.consumer_key, self.consumer_secret))
        return f"oscar_mpesa:token:{sha256(text.encode()).hexdigest()[:32]}"

    def _url(self, path: str) -> str:
        return f"{self.base_url.rstrip('/')}{path}"


TIMESTAMP = "%Y%m%d%H%M%S"


def timestamp(now: datetime) -> str:
    """Return the moment as ``YYYYMMDDHHMMSS`` in Nairobi's time. Raises ``ValueError`` for a naive datetime."""
    if now.tzinfo is None:
        raise ValueError("the moment needs a time zone")
    return now.astimezone(NAIROBI).strftime(TIMESTAMP)


def password(credentials: Credentials, stamp: str) -> str:
    """Return the Password field for one timestamp."""
    return HiddenText(b64encode(f"{credentials.shortcode}{credentials.passkey}{stamp}".encode()).decode("ascii"))


def signed_fields(credentials: Credentials, now: datetime) -> dict[str, str | int]:
    """Return the fields that sign a request: short code, Password and Timestamp."""
    stamp = timestamp(now)
    return {
        "BusinessShortCode": credentials.shortcode,
        "Password": password(credentials, stamp),
        "Timestamp": stamp,
    }
