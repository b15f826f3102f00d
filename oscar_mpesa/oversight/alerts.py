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

from oscar_mpesa.conf import get_settings
from oscar_mpesa.lifecycle.locks import require_no_transaction
from oscar_mpesa.models import MpesaAlert, MpesaPayment
from oscar_mpesa.oversight.needs import Need, needs
from oscar_mpesa.signals import attention_needed

logger = logging.getLogger("oscar_mpesa")

#: However many reconcilers there are, one of them looks, and so often.
ROUND, EVERY = "round", timedelta(minutes=1)

#: The same thing is told again after so long, if it is still true.
AGAIN = timedelta(days=1)

#: A claim older than this belongs to a process that died, or to a mail that could not be sent.
CLAIM_LIFE = timedelta(minutes=5)


def tell_owner(now: datetime) -> list[Need]:
    """Tell what needs somebody and was not told within a day; return what was told now, by whichever way.

    Must run outside a transaction, for it mails. Each thing is claimed by a compare-and-set, so that of several
    reconcilers one tells it; a process that dies, or a mail that fails, leaves a claim that grows old, and it is told
    then. A minute's second call looks at nothing. Raises what the mail backend raises; the signal has been sent then.
    """
    require_no_transaction()
    if not _is_ours(ROUND, now, every=EVERY):
        return []
    # The shop's own language, whoever runs the command.
    with translation.override(django_settings.LANGUAGE_CODE):
        found = needs(now)
        announced = _unclaimed("signal", found, now)
        for need in announced:
            _announce(need)
        _note("signal", announced, now)
        mailed = _unclaimed("mail", found, now) if get_settings().ALERT_EMAILS else []
        if mailed:
            _mail(mailed)
        _note("mail", mailed, now)
    return [need for need in found if need in announced or need in mailed]


def _unclaimed(way: str, found: list[Need], now: datetime) -> list[Need]:
    """Those that are ours to tell this way; one query where all were told already."""
    names = {f"{way} {need.key}": need for need in found}
    if not names:
        return []
    told = set(MpesaAlert.objects.filter(about__in=names, told_at__gt=now - AGAIN).values_list("about", flat=True))
    return [need for name, need in names.items() if name not in told and _is_ours(name, now, every=CLAIM_LIFE)]


def _is_ours(about: str, now: datetime, *, every: timedelta) -> bool:
    """Claim it by a compare-and-set, unless it was claimed within ``every``, or told within a day."""
    is_free = Q(claimed_at=None) | Q(claimed_at__lte=now - every)
    is_untold = Q(told_at=None) | Q(told_at__lte=now - AGAIN)
    rows = MpesaAlert.objects.filter(about=about)
    if rows.filter(is_free, is_untold).update(claimed_at=now):
        return True
    return rows.get_or_create(about=about, defaults={"claimed_at": now})[1]


def _note(way: str, told: Iterable[Need], now: datetime) -> None:
    names = [f"{way} {need.key}" for need in told]
    if names:
        MpesaAlert.objects.filter(about__in=names).update(told_at=now)


def _announce(need: Need) -> None:
    facts = {"key": need.key, "level": str(need.level), "sentence": need.sentence, "count": need.count}
    for receiver, answer in attention_needed.send_robust(sender=MpesaPayment, **facts):
        if isinstance(answer, Exception):
            logger.error("M-Pesa: %s failed on the alert %s", receiver, need.key, exc_info=answer)


def _mail(told: list[Need]) -> None:
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
