"""The errors of a Daraja call, named for what the caller does next.

::

    DarajaError
    ├── DarajaUnreachable    no reply: the prompt may be on the phone, so query before another push
    ├── DarajaUnreadable     a reply that proves nothing (HTML, incomplete, SOAP, another payment): query
    │   └── DarajaBlocked    a page of the firewall: Safaricom must allow this server's address
    ├── DarajaRefused        refused and not executed, for an unknown reason: try again, and alert the merchant
    │   ├── NumberRefused    ask the shopper for another number
    │   └── AmountRefused    offer another payment method
    ├── DarajaBusy           not executed: wait, then try again
    │   └── DarajaPaused     not called, because the last calls got no answer
    └── DarajaMisconfigured  refused, and only the merchant can fix it: alert the merchant
        ├── KeysRejected
        ├── TokenRejected
        ├── ShortcodeRejected
        ├── PasskeyRejected
        └── ProductMissing

The first two leave a push's outcome unknown, unless ``was_not_sent``. ``kind`` is the error as a value to store.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

from oscar_mpesa.daraja.redaction import redact_line


class ErrorKind(str, Enum):
    """What went wrong with one API call."""

    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    BLOCKED = "blocked"
    REFUSED = "refused"
    NUMBER_REFUSED = "number_refused"
    AMOUNT_REFUSED = "amount_refused"
    BUSY = "busy"
    MISCONFIGURED = "misconfigured"
    KEYS_REJECTED = "keys_rejected"
    TOKEN_REJECTED = "token_rejected"  # nosec B105 # the name of a problem
    SHORTCODE_REJECTED = "shortcode_rejected"
    PASSKEY_REJECTED = "passkey_rejected"
    PRODUCT_MISSING = "product_missing"

    def __str__(self) -> str:
        return self.value

    @property
    def is_unanswered(self) -> bool:
        """Return whether Safaricom gave no usable reply. Then the call says nothing about the credentials."""
        return self in {ErrorKind.UNREACHABLE, ErrorKind.UNREADABLE, ErrorKind.BLOCKED}

    @property
    def is_misconfigured(self) -> bool:
        """Return whether only the merchant can fix the cause."""
        return self in _MISCONFIGURED

    @property
    def is_for_owner(self) -> bool:
        """Return whether Safaricom refused the request, and neither the number nor the amount is the reason."""
        return self.is_misconfigured or self is ErrorKind.REFUSED


_MISCONFIGURED = frozenset(
    {
        ErrorKind.MISCONFIGURED,
        ErrorKind.KEYS_REJECTED,
        ErrorKind.TOKEN_REJECTED,
        ErrorKind.SHORTCODE_REJECTED,
        ErrorKind.PASSKEY_REJECTED,
        ErrorKind.PRODUCT_MISSING,
    }
)


class DarajaError(Exception):
    """A call to Daraja failed, or its outcome is unknown.

    ``http_status`` is None without a reply; ``error_code`` is Safaricom's, or empty. ``message`` is safe to store:
    one line of at most 200 characters, without tokens and phone numbers.
    """

    _proves_refusal: ClassVar[bool] = False

    def __init__(
        self, message: str = "", *, http_status: int | None = None, error_code: str = "", sent: bool = True
    ) -> None:
        self.message = redact_line(message)
        super().__init__(self.message)
        self.http_status = http_status
        self.error_code = redact_line(error_code)
        self.sent = sent

    @property
    def kind(self) -> ErrorKind:
        """Return the kind of the nearest class in ``KINDS``."""
        return next(KINDS[each] for each in type(self).__mro__ if each in KINDS)

    @property
    def was_not_sent(self) -> bool:
        """Return whether it is proven that no prompt was sent, so that a new push cannot be a second one."""
        return self._proves_refusal or not self.sent

    def __str__(self) -> str:
        parts = [self.message, f"({self.error_code})" if self.error_code else ""]
        return " ".join(part for part in parts if part) or type(self).__name__


class DarajaUnreachable(DarajaError):
    """No reply arrived. With ``sent=False``, the request was not sent either."""


class DarajaUnreadable(DarajaError):
    """A reply arrived that proves nothing."""


class DarajaBlocked(DarajaUnreadable):
    """A page of Safaricom's firewall arrived: Safaricom must allow this server's address."""


class DarajaRefused(DarajaError):
    """Safaricom refused the request and executed nothing. Trying again is safe."""

    _proves_refusal = True


class NumberRefused(DarajaRefused):
    """Safaricom refused the shopper's number."""


class AmountRefused(DarajaRefused):
    """Safaricom refused the amount."""


class DarajaBusy(DarajaError):
    """Safaricom executed nothing, because of load or another open prompt.

    ``retry_after`` is in seconds, None if Safaricom gave no time.
    """

    _proves_refusal = True

    def __init__(
        self,
        message: str = "",
        *,
        http_status: int | None = None,
        error_code: str = "",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message, http_status=http_status, error_code=error_code)
        self.retry_after = retry_after


class DarajaPaused(DarajaBusy):
    """No call was made, because the last calls got no answer in time. Wait, then try again."""


class DarajaMisconfigured(DarajaError):
    """Safaricom refused the request. Only the merchant can fix the credentials, product, short code or URL."""

    _proves_refusal = True


class KeysRejected(DarajaMisconfigured):
    """Safaricom refused the consumer key and secret."""


class TokenRejected(DarajaMisconfigured):
    """Safaricom refused the token and executed nothing. Fetch another token and try once more."""


class ShortcodeRejected(DarajaMisconfigured):
    """Safaricom does not know the merchant: a wrong short code, or a till used as a paybill."""


class PasskeyRejected(DarajaMisconfigured):
    """Safaricom refused the password, which is made of the short code and the passkey."""


class ProductMissing(DarajaMisconfigured):
    """The app on Safaricom's portal has no M-PESA Express product."""


#: The kind of each class. An unlisted class has the kind of its parent.
KINDS: Mapping[type[BaseException], ErrorKind] = {
    DarajaError: ErrorKind.UNREADABLE,
    DarajaUnreachable: ErrorKind.UNREACHABLE,
    DarajaUnreadable: ErrorKind.UNREADABLE,
    DarajaBlocked: ErrorKind.BLOCKED,
    DarajaRefused: ErrorKind.REFUSED,
    NumberRefused: ErrorKind.NUMBER_REFUSED,
    AmountRefused: ErrorKind.AMOUNT_REFUSED,
    DarajaBusy: ErrorKind.BUSY,
    DarajaMisconfigured: ErrorKind.MISCONFIGURED,
    KeysRejected: ErrorKind.KEYS_REJECTED,
    TokenRejected: ErrorKind.TOKEN_REJECTED,
    ShortcodeRejected: ErrorKind.SHORTCODE_REJECTED,
    PasskeyRejected: ErrorKind.PASSKEY_REJECTED,
    ProductMissing: ErrorKind.PRODUCT_MISSING,
}
