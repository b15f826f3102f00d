"""What a shop for real money should not have; ``manage.py check --deploy`` looks at it, and the set-up page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.utils.translation import gettext

from oscar_mpesa.checks.messages import caution, error
from oscar_mpesa.conf import SANDBOX, SIMULATED, get_settings
from oscar_mpesa.domain.i18n import _

#: Backends that keep what they are given in one process, or nowhere.
ALONE = ("locmem.LocMemCache", "dummy.DummyCache")
SILENT = ("console.EmailBackend", "dummy.EmailBackend", "locmem.EmailBackend", "filebased.EmailBackend")

#: Django's sender and Oscar's, where nobody set another.
NOBODY = ("", "webmaster@localhost", "oscar@example.com")

#: What a shop that takes no real money is called in the sentence about it.
TESTS = {SANDBOX: _("sandbox"), SIMULATED: _("simulated")}


def check_deployment(**_kwargs: Any) -> Iterable[CheckMessage]:
    """E010: a deployed shop that takes no real money."""
    ours = get_settings()
    if ours.is_test and not ours.faults:
        yield error(
            "E010",
            gettext("This shop takes no real money: M-Pesa runs in its {environment} environment.").format(
                environment=gettext(TESTS[ours.environment])
            ),
            gettext("Set MPESA_ENVIRONMENT=production and the production credentials."),
        )


def check_cache(**_kwargs: Any) -> Iterable[CheckMessage]:
    """W007: every worker has a cache of its own, so each fetches a token, and each new token ends the one before."""
    cache = settings.CACHES.get(get_settings().CACHE, {})
    if str(cache.get("BACKEND", "")).endswith(ALONE):
        yield caution(
            "W007",
            gettext(
                "The workers share no cache: each has a Safaricom token of its own, and each new one ends the others."
            ),
            gettext("Use a cache that all workers share: Redis, Memcached, or Django's database cache."),
        )


def check_mail(**_kwargs: Any) -> Iterable[CheckMessage]:
    """W008: mails go nowhere; W009: mails come from nobody."""
    if str(settings.EMAIL_BACKEND).endswith(SILENT):
        yield caution(
            "W008",
            gettext("Mails go nowhere: EMAIL_BACKEND is {backend}.").format(backend=settings.EMAIL_BACKEND),
            gettext("Set EMAIL_BACKEND and the mail server, or shoppers hear nothing of late or returned money."),
        )
    senders = {name: str(getattr(settings, name, "")) for name in ("DEFAULT_FROM_EMAIL", "OSCAR_FROM_EMAIL")}
    unset = [name for name, sender in senders.items() if sender in NOBODY]
    if unset:
        yield caution(
            "W009",
            gettext("Mails come from nobody, and many mail servers refuse them: {names}.").format(
                names=", ".join(f"{name} = {senders[name]!r}" for name in unset)
            ),
            gettext("Set DEFAULT_FROM_EMAIL and OSCAR_FROM_EMAIL to an address of the shop's own domain."),
        )
