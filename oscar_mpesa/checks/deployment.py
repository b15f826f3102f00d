"""Check a deployment that takes real money, for ``manage.py check --deploy`` and the set-up page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.utils.translation import gettext, pgettext_lazy

from oscar_mpesa.checks.messages import error, warning
from oscar_mpesa.conf import SANDBOX, SIMULATED, get_settings

#: Cache backends that processes do not share.
UNSHARED_CACHES = ("locmem.LocMemCache", "dummy.DummyCache")
#: Email backends that send nothing.
UNSENDING_BACKENDS = ("console.EmailBackend", "dummy.EmailBackend", "locmem.EmailBackend", "filebased.EmailBackend")

#: The default senders of Django and Oscar.
DEFAULT_SENDERS = ("", "webmaster@localhost", "oscar@example.com")

#: The names of the test environments in the message of E010.
ENVIRONMENT_LABELS = {SANDBOX: pgettext_lazy("choice", "sandbox"), SIMULATED: pgettext_lazy("choice", "simulated")}


def check_deployment(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for E010: a deployed shop that takes no real money."""
    ours = get_settings()
    if ours.is_test and not ours.faults:
        yield error(
            "E010",
            gettext("This shop takes no real money: M-PESA runs in its {environment} environment.").format(
                environment=ENVIRONMENT_LABELS[ours.environment]
            ),
            gettext("Set MPESA_ENVIRONMENT=production and the production credentials."),
        )


def check_cache(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for W007: workers share no cache, so each fetches a token and ends the token of the others."""
    cache = settings.CACHES.get(get_settings().CACHE, {})
    if str(cache.get("BACKEND", "")).endswith(UNSHARED_CACHES):
        yield warning(
            "W007",
            gettext(
                "The workers share no cache: each has a Safaricom token of its own, and each new one ends the others."
            ),
            gettext("Use a cache that all workers share: Redis, Memcached, or Django's database cache."),
        )


def check_mail(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for W008: emails are not sent; W009: they have a default sender; W014: sending them has no time limit."""
    if str(settings.EMAIL_BACKEND).endswith(UNSENDING_BACKENDS):
        yield warning(
            "W008",
            gettext("Emails are not sent: EMAIL_BACKEND is {backend}.").format(backend=settings.EMAIL_BACKEND),
            gettext(
                "Set EMAIL_BACKEND and the email server. Without them, shoppers are not told about late "
                "or refunded money."
            ),
        )
    yield from _sender_warnings()
    if str(settings.EMAIL_BACKEND).endswith("smtp.EmailBackend") and settings.EMAIL_TIMEOUT is None:
        yield warning(
            "W014",
            gettext("A mail server that accepts a connection and then says nothing stops a web worker for ever."),
            gettext("Set EMAIL_TIMEOUT = 10 (seconds). Emails about M-PESA have this limit in any case."),
        )


def _sender_warnings() -> Iterable[CheckMessage]:
    senders = {name: str(getattr(settings, name, "")) for name in ("DEFAULT_FROM_EMAIL", "OSCAR_FROM_EMAIL")}
    unset = [name for name, sender in senders.items() if sender in DEFAULT_SENDERS]
    if unset:
        yield warning(
            "W009",
            gettext("Emails have no valid sender, and many email servers refuse them: {names}.").format(
                names=", ".join(f"{name} = {senders[name]!r}" for name in unset)
            ),
            gettext("Set DEFAULT_FROM_EMAIL and OSCAR_FROM_EMAIL to an address of the shop's own domain."),
        )
