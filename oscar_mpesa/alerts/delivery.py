"""Tell the owner what needs somebody, also where nobody looks at the page: once a day each, by mail and by signal."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings as django_settings
from django.contrib.sites.models import Site
from django.core.mail import send_mail
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.translation import gettext as _

from oscar_mpesa.alerts.rules import Alert, active_alerts
from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import MpesaAlert, MpesaPayment
from oscar_mpesa.services.locks import require_no_transaction
from oscar_mpesa.signals import alert_raised

logger = logging.getLogger("oscar_mpesa")

#: However many reconcilers there are, one of them looks, and so often.
ROUND, EVERY = "round", timedelta(minutes=1)

#: The same thing is told again after so long, if it is still true.
REPEAT_AFTER = timedelta(days=1)

#: A claim older than this belongs to a process that died, or to a mail that could not be sent.
RESERVATION_TIME = timedelta(minutes=5)


def deliver_alerts(now: datetime) -> list[Alert]:
    """Tell what needs somebody and was not told within a day; return what was told now, by whichever way.

    Must run outside a transaction, for it mails. Each thing is claimed by a compare-and-set, so that of several
    reconcilers one tells it; a process that dies, or a mail that fails, leaves a claim that grows old, and it is told
    then. A minute's second call looks at nothing. Raises what the mail backend raises; the signal has been sent then.
    """
    require_no_transaction()
    if not _reserve(ROUND, now, every=EVERY):
        return []
    # The shop's own language, whoever runs the command.
    with translation.override(django_settings.LANGUAGE_CODE):
        found = active_alerts(now)
        announced = _unreserved("signal", found, now)
        for need in announced:
            _send_signal(need)
        _note("signal", announced, now)
        mailed = _unreserved("mail", found, now) if get_settings().ALERT_EMAILS else []
        if mailed:
            _mail(mailed)
        _note("mail", mailed, now)
    return [need for need in found if need in announced or need in mailed]


def _unreserved(way: str, found: list[Alert], now: datetime) -> list[Alert]:
    """Those that are ours to tell this way; one query where all were told already."""
    names = {f"{way} {need.key}": need for need in found}
    if not names:
        return []
    told = set(
        MpesaAlert.objects.filter(key__in=names, notified_at__gt=now - REPEAT_AFTER).values_list("key", flat=True)
    )
    return [need for name, need in names.items() if name not in told and _reserve(name, now, every=RESERVATION_TIME)]


def _reserve(key: str, now: datetime, *, every: timedelta) -> bool:
    """Claim it by a compare-and-set, unless it was claimed within ``every``, or told within a day."""
    is_free = Q(reserved_at=None) | Q(reserved_at__lte=now - every)
    is_untold = Q(notified_at=None) | Q(notified_at__lte=now - REPEAT_AFTER)
    rows = MpesaAlert.objects.filter(key=key)
    if rows.filter(is_free, is_untold).update(reserved_at=now):
        return True
    return rows.get_or_create(key=key, defaults={"reserved_at": now})[1]


def _note(way: str, told: Iterable[Alert], now: datetime) -> None:
    names = [f"{way} {need.key}" for need in told]
    if names:
        MpesaAlert.objects.filter(key__in=names).update(notified_at=now)


def _send_signal(need: Alert) -> None:
    facts = {"key": need.key, "level": str(need.level), "sentence": need.sentence, "count": need.count}
    for receiver, answer in alert_raised.send_robust(sender=MpesaPayment, **facts):
        if isinstance(answer, Exception):
            logger.error("M-Pesa: %s failed on the alert %s", receiver, need.key, exc_info=answer)


def _mail(told: list[Alert]) -> None:
    """Plain mail to the shop's own people: none of Oscar's message types, which shops write for customers."""
    site = Site.objects.get_current()
    first = _("M-Pesa needs you: %(site)s") % {"site": site.name}
    subject = f"TEST: {first}" if get_settings().is_test else first
    lines = [f"- {need.sentence}" for need in told]
    sender = getattr(django_settings, "OSCAR_FROM_EMAIL", None)
    send_mail(subject, "\n\n".join([*lines, *_address(site)]) + "\n", sender, list(get_settings().ALERT_EMAILS))
    logger.info("M-Pesa: mailed the alerts %s", ", ".join(need.key for need in told))


def _address(site: Site) -> list[str]:
    """The overview's, as Oscar's own mails write addresses; none in a shop without Oscar's dashboard."""
    try:
        path = reverse("dashboard:mpesa-overview")
    except NoReverseMatch:
        return []
    return [f"{getattr(django_settings, 'OSCAR_URL_SCHEMA', 'http')}://{site.domain}{path}"]
