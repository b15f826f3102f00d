"""Check the ledger once a day, and keep how many differences a check found."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import islice

from oscar_mpesa.domain.timezone import start_of_day
from oscar_mpesa.models import MpesaJobRun
from oscar_mpesa.services.ledger_check import check_ledger

logger = logging.getLogger("oscar_mpesa")

#: The name in ``MpesaJobRun`` of what was found and when, and of the last check of recent rows.
LEDGER_CHECK, RECENT_CHECK = "ledger_check", "ledger_check_recent"

#: The daily check reads rows of the last days, so many of each table at most, and stops after so many differences.
CHECKED_FOR, MAX_ROWS, MAX_DIFFERENCES = timedelta(days=2), 3_000, 100


def check_recent_rows(*, now: datetime) -> None:
    """Check recent rows, unless a check ran today. Log what does not agree. Never raises.

    Reserves the day by compare-and-set, so of many copies one checks. Only a complete check sees the older rows, so the
    number and the time of an earlier check stay, unless more is found now.
    """
    if not _reserve_day(now):
        return
    try:
        found = list(islice(check_ledger(since=now - CHECKED_FOR, most=MAX_ROWS), MAX_DIFFERENCES))
    except Exception:
        logger.exception("M-PESA: the ledger check of today failed")
        return
    for difference in found:
        logger.error("M-PESA ledger check: %s", difference)
    if found:
        _record_more(len(found), now)


def record_ledger_check(problems: int, *, now: datetime) -> None:
    """Record how many differences a complete check found. It is the check of its day, too."""
    MpesaJobRun.objects.update_or_create(job=LEDGER_CHECK, defaults={"last_run_at": now, "problems": problems})
    MpesaJobRun.objects.update_or_create(job=RECENT_CHECK, defaults={"last_run_at": now})


def _record_more(problems: int, now: datetime) -> None:
    """Record how many differences were found, if no earlier check found as many."""
    facts = {"last_run_at": now, "problems": problems}
    known, is_new = MpesaJobRun.objects.get_or_create(job=LEDGER_CHECK, defaults=facts)
    if not is_new:
        MpesaJobRun.objects.filter(pk=known.pk, problems__lt=problems).update(**facts)


def _reserve_day(now: datetime) -> bool:
    """Return whether this is the first check of the day. Makes at most four queries."""
    known = MpesaJobRun.objects.filter(job=RECENT_CHECK)
    if known.filter(last_run_at__lt=start_of_day(now)).update(last_run_at=now):
        return True
    _, is_first = known.get_or_create(job=RECENT_CHECK, defaults={"last_run_at": now})
    return is_first
