"""Everything that can go wrong with Daraja, named for what the caller should do next.

::

    DarajaError
    ├── DarajaUnreachable    no answer: the prompt may be on the phone, so do not push again; wait and ask
    ├── DarajaUnreadable     an answer that proves nothing (HTML, cut off, SOAP, about another payment): wait and ask
    ├── DarajaRefused        a clear no: nothing was done, trying again is safe
    ├── DarajaBusy           not executed: back off, then try again
    └── DarajaMisconfigured  a clear no that only the merchant can mend: tell the merchant
        ├── TokenRejected
        ├── ShortcodeRejected
        ├── PasskeyRejected
        └── ProductMissing

After a push the first two leave its outcome unknown; ``was_not_sent`` says which case it is. ``kind`` is the error
as a value that can be stored.
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
    REFUSED = "refused"
    BUSY = "busy"
    MISCONFIGURED = "misconfigured"
    TOKEN_REJECTED = "token_rejected"
    SHORTCODE_REJECTED = "shortcode_rejected"
    PASSKEY_REJECTED = "passkey_rejected"
    PRODUCT_MISSING = "product_missing"

    def __str__(self) -> str:
        return self.value

    @property
    def is_unanswered(self) -> bool:
        """Whether Safaricom gave no usable answer, so the call says nothing about the credentials."""
        return self in {ErrorKind.UNREACHABLE, ErrorKind.UNREADABLE}

    @property
    def is_misconfigured(self) -> bool:
        """Whether only the merchant can fix the cause."""
        return self in _MISCONFIGURED


_MISCONFIGURED = frozenset(
    {
        ErrorKind.MISCONFIGURED,
        ErrorKind.TOKEN_REJECTED,
        ErrorKind.SHORTCODE_REJECTED,
        ErrorKind.PASSKEY_REJECTED,
        ErrorKind.PRODUCT_MISSING,
    }
)


class DarajaError(Exception):
    """Daraja did not do what it was asked, or did not say so.

    ``http_status`` is None without an answer; ``error_code`` is Safaricom's own, or empty. ``message`` is safe to
    keep: one line of at most 200 characters with no token and no phone number in it.
    """

    _is_a_clear_no: ClassVar[bool] = False

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
        """Whether it is proven that no prompt went out, so that a new push cannot be a second one."""
        return self._is_a_clear_no or not self.sent

    def __str__(self) -> str:
        known = [self.message, f"({self.error_code})" if self.error_code else ""]
        return " ".join(part for part in known if part) or type(self).__name__


class DarajaUnreachable(DarajaError):
    """No answer came; with ``sent=False`` the request did not even leave."""


class DarajaUnreadable(DarajaError):
    """An answer came that proves nothing."""


class DarajaRefused(DarajaError):
    """A clear no; trying again is safe."""

    _is_a_clear_no = True


class DarajaBusy(DarajaError):
    """Not executed, because of load or of a prompt that is open already.

    ``retry_after`` is in seconds, None where Safaricom did not say.
    """

    _is_a_clear_no = True

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


class DarajaMisconfigured(DarajaError):
    """A clear no that only the merchant can mend: credentials, product, short code or an address."""

    _is_a_clear_no = True


class TokenRejected(DarajaMisconfigured):
    """The token was refused before anything ran: fetch another and try once more, then it is the set-up."""


class ShortcodeRejected(DarajaMisconfigured):
    """Safaricom knows no such merchant: a wrong short code, or a till used as a paybill."""


class PasskeyRejected(DarajaMisconfigured):
    """Safaricom refuses the password, which is made of the short code and the passkey."""


class ProductMissing(DarajaMisconfigured):
    """The app on Safaricom's portal has no M-PESA Express product."""


#: The kind of each class; a class that is not listed has the kind of its parent.
KINDS: Mapping[type[BaseException], ErrorKind] = {
    DarajaError: ErrorKind.UNREADABLE,
    DarajaUnreachable: ErrorKind.UNREACHABLE,
    DarajaUnreadable: ErrorKind.UNREADABLE,
    DarajaRefused: ErrorKind.REFUSED,
    DarajaBusy: ErrorKind.BUSY,
    DarajaMisconfigured: ErrorKind.MISCONFIGURED,
    TokenRejected: ErrorKind.TOKEN_REJECTED,
    ShortcodeRejected: ErrorKind.SHORTCODE_REJECTED,
    PasskeyRejected: ErrorKind.PASSKEY_REJECTED,
    ProductMissing: ErrorKind.PRODUCT_MISSING,
}
