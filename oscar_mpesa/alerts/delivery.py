"""Send each active alert to the owner once a day, by email and by the ``alert_raised`` signal."""

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
from oscar_mpesa.services.mail import mail_connection
from oscar_mpesa.signals import alert_raised

logger = logging.getLogger("oscar_mpesa")

#: However many reconcilers run, one of them looks for alerts, once in this interval.
SCAN, SCAN_INTERVAL = "scan", timedelta(minutes=1)

#: An alert that is still active is sent again after this long.
REPEAT_AFTER = timedelta(days=1)

#: An older reservation belongs to a process that died or to an email that failed.
RESERVATION_TIME = timedelta(minutes=5)


def deliver_alerts(now: datetime) -> list[Alert]:
    """Send the active alerts that were not sent within a day, and return those sent now.

    Must run outside a transaction, because it sends email. Each alert is reserved by a compare-and-set, so only one of
    several reconcilers sends it. If the process dies or the email fails, the reservation expires and the alert is sent
    again. A second call within the same minute does nothing. Raises what the email backend raises; the signal has been
    sent by then.
    """
    require_no_transaction()
    if not _reserve(SCAN, now, every=SCAN_INTERVAL):
        return []
    # The shop's own language, whatever the language of the command.
    with translation.override(django_settings.LANGUAGE_CODE):
        alerts = active_alerts(now)
        signaled = _reserve_all("signal", alerts, now)
        for alert in signaled:
            _send_signal(alert)
        _record_notified("signal", signaled, now)
        emailed = _reserve_all("email", alerts, now) if get_settings().ALERT_EMAILS else []
        if emailed:
            _send_email(emailed)
        _record_notified("email", emailed, now)
    return [alert for alert in alerts if alert in signaled or alert in emailed]


def _reserve_all(channel: str, alerts: list[Alert], now: datetime) -> list[Alert]:
    """Return the alerts that this process reserved for the channel; one query if all were sent already."""
    by_key = {f"{channel} {alert.key}": alert for alert in alerts}
    if not by_key:
        return []
    recent = MpesaAlert.objects.filter(key__in=by_key, notified_at__gt=now - REPEAT_AFTER)
    sent = set(recent.values_list("key", flat=True))
    return [alert for key, alert in by_key.items() if key not in sent and _reserve(key, now, every=RESERVATION_TIME)]


def _reserve(key: str, now: datetime, *, every: timedelta) -> bool:
    """Reserve a key by a compare-and-set, unless it was reserved within ``every`` or sent within a day."""
    is_free = Q(reserved_at=None) | Q(reserved_at__lte=now - every)
    is_unsent = Q(notified_at=None) | Q(notified_at__lte=now - REPEAT_AFTER)
    rows = MpesaAlert.objects.filter(key=key)
    if rows.filter(is_free, is_unsent).update(reserved_at=now):
        return True
    return rows.get_or_create(key=key, defaults={"reserved_at": now})[1]


def _record_notified(channel: str, alerts: Iterable[Alert], now: datetime) -> None:
    keys = [f"{channel} {alert.key}" for alert in alerts]
    if keys:
        MpesaAlert.objects.filter(key__in=keys).update(notified_at=now)


def _send_signal(alert: Alert) -> None:
    arguments = {"key": alert.key, "level": str(alert.level), "sentence": alert.sentence, "count": alert.count}
    for receiver, answer in alert_raised.send_robust(sender=MpesaPayment, **arguments):
        if isinstance(answer, Exception):
            logger.error("M-PESA: %s failed on the alert %s", receiver, alert.key, exc_info=answer)


def _send_email(alerts: list[Alert]) -> None:
    """Send plain email to the shop's staff. Oscar's message types are for customers."""
    site = _site()
    first = _("M-PESA needs attention: %(site)s") % {"site": site.name}
    subject = f"TEST: {first}" if get_settings().is_test else first
    lines = [f"- {alert.sentence}" for alert in alerts]
    sender = getattr(django_settings, "OSCAR_FROM_EMAIL", None)
    body = "\n\n".join([*lines, *_overview_url(site)]) + "\n"
    send_mail(subject, body, sender, list(get_settings().ALERT_EMAILS), connection=mail_connection())
    logger.info("M-PESA: emailed the alerts %s", ", ".join(alert.key for alert in alerts))


def _site() -> Site:
    """Return the site of ``SITE_ID``, or in a shop of several sites the one with the newest M-PESA order."""
    if hasattr(django_settings, "SITE_ID"):
        return Site.objects.get_current()
    newest = Site.objects.filter(order__mpesa__isnull=False).order_by("-order__pk").first()
    return newest or Site.objects.get_current()


def _overview_url(site: Site) -> list[str]:
    """Return the overview's URL, built as in Oscar's own emails; empty without Oscar's dashboard, or without URLs."""
    if not getattr(django_settings, "ROOT_URLCONF", ""):
        return []
    try:
        path = reverse("dashboard:mpesa-overview")
    except NoReverseMatch:
        return []
    return [f"{getattr(django_settings, 'OSCAR_URL_SCHEMA', 'http')}://{site.domain}{path}"]
