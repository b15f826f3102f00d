"""Who the shop is to Safaricom, and where Safaricom is."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType

from oscar_mpesa.domain.timezone import NAIROBI

HOSTS: Mapping[str, str] = MappingProxyType(
    {"sandbox": "https://sandbox.safaricom.co.ke", "production": "https://api.safaricom.co.ke"}
)

#: Everybody's short code in the sandbox.
SANDBOX_SHORTCODE = "174379"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The shop's keys and short code; a ``till`` makes it Buy Goods, and ``shortcode`` is then its store number."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    shortcode: str
    passkey: str = field(repr=False)
    till: str = ""
    base_url: str

    @property
    def transaction_type(self) -> str:
        """How Safaricom books the money: to a till, or to a paybill."""
        return "CustomerBuyGoodsOnline" if self.till else "CustomerPayBillOnline"

    @property
    def party_b(self) -> str:
        """Where the money goes: the till, or the paybill itself."""
        return self.till or self.shortcode

    @property
    def oauth_url(self) -> str:
        """Where a token is fetched."""
        return self._address("/oauth/v1/generate?grant_type=client_credentials")

    @property
    def push_url(self) -> str:
        """Where a prompt is asked for."""
        return self._address("/mpesa/stkpush/v1/processrequest")

    @property
    def query_url(self) -> str:
        """Where one asks what became of a prompt."""
        return self._address("/mpesa/stkpushquery/v1/query")

    @property
    def token_key(self) -> str:
        """The cache key of the one token that all workers share; other keys or another host make another one."""
        known = "\n".join((self.base_url, self.consumer_key, self.consumer_secret))
        return f"oscar_mpesa:token:{sha256(known.encode()).hexdigest()[:32]}"

    def _address(self, path: str) -> str:
        return f"{self.base_url.rstrip('/')}{path}"


TIMESTAMP = "%Y%m%d%H%M%S"


def timestamp(now: datetime) -> str:
    """Write the moment as ``YYYYMMDDHHMMSS`` on Nairobi's clock; raises ``ValueError`` for a naive one."""
    if now.tzinfo is None:
        raise ValueError("the moment needs a time zone")
    return now.astimezone(NAIROBI).strftime(TIMESTAMP)


def password(credentials: Credentials, stamp: str) -> str:
    """Return the Password that goes with one timestamp."""
    return b64encode(f"{credentials.shortcode}{credentials.passkey}{stamp}".encode()).decode("ascii")


def signed_fields(credentials: Credentials, now: datetime) -> dict[str, str | int]:
    """Return the fields that sign a request: short code, Password and Timestamp."""
    stamp = timestamp(now)
    return {
        "BusinessShortCode": credentials.shortcode,
        "Password": password(credentials, stamp),
        "Timestamp": stamp,
    }
