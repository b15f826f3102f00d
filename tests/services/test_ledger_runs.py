"""The first pass of a day checks the ledger, within limits, and keeps what it found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from oscar_mpesa.models import MpesaJobRun, MpesaReceipt
from oscar_mpesa.services.ledger_check import check_ledger
from oscar_mpesa.services.ledger_runs import check_recent_rows, record_ledger_check
from oscar_mpesa.services.reconciliation import reconcile
from tests.query_counts import counted
from tests.services.concurrent_changes import failing_queries
from tests.services.money import twice_paid
from tests.shop import NOON, later, new_payment, pay

pytestmark = pytest.mark.django_db(transaction=True)

MIDNIGHT = NOON + timedelta(hours=9)  # in Nairobi


@pytest.fixture(autouse=True)
def _without_thread(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}


def last_check() -> Any:
    """Return when recent rows were last checked, and how many problems are known."""
    found = finding()
    return MpesaJobRun.objects.get(job="ledger_check_recent").last_run_at, found[1] if found else 0


def finding() -> Any:
    """Return when problems were found, and how many."""
    return MpesaJobRun.objects.filter(job="ledger_check").values_list("last_run_at", "problems").first()


def break_ledger() -> None:
    MpesaReceipt.objects.update(status="refunded")


def test_first_pass_of_a_day_checks_the_ledger_and_no_later_one(caplog: pytest.LogCaptureFixture) -> None:
    pay(new_payment())
    list(reconcile(lambda: later(60)))
    first = last_check()
    list(reconcile(lambda: MIDNIGHT - timedelta(minutes=2)))
    break_ledger()

    list(reconcile(lambda: MIDNIGHT - timedelta(minutes=1)))
    same_day = last_check()
    list(reconcile(lambda: MIDNIGHT))

    assert (first, same_day, last_check()) == ((later(60), 0), (later(60), 0), (MIDNIGHT, 1))
    receipt = MpesaReceipt.objects.get()
    assert f"M-PESA ledger check: receipt {receipt.pk}: status is refunded, expected matched" in caplog.text


def test_later_pass_of_a_day_costs_no_query_more() -> None:
    list(reconcile(lambda: later(60)))

    with counted() as count:
        list(reconcile(lambda: later(120)))

    assert sum("mpesajobrun" in sql for sql in count) == 1, str(count)


def test_short_check_keeps_what_an_earlier_one_found() -> None:
    record_ledger_check(3, now=NOON)
    pay(new_payment())

    check_recent_rows(now=MIDNIGHT)

    assert last_check() == (MIDNIGHT, 3)


def test_clean_short_check_keeps_the_time_of_a_finding() -> None:
    record_ledger_check(3, now=NOON)
    pay(new_payment())

    check_recent_rows(now=MIDNIGHT)

    assert (last_check(), finding()) == ((MIDNIGHT, 3), (NOON, 3))


@pytest.mark.parametrize(("known", "kept"), [(500, (NOON, 500)), (1, (NOON, 1)), (0, (MIDNIGHT, 1))])
def test_short_check_that_finds_less_keeps_a_full_finding(known: int, kept: Any) -> None:
    pay(new_payment())
    break_ledger()
    record_ledger_check(known, now=NOON)

    check_recent_rows(now=MIDNIGHT)

    assert (last_check()[0], finding()) == (MIDNIGHT, kept)


def test_only_a_complete_clean_check_clears_a_finding() -> None:
    pay(new_payment())
    break_ledger()
    check_recent_rows(now=NOON)
    MpesaReceipt.objects.update(status="matched")

    check_recent_rows(now=MIDNIGHT)
    short = finding()
    record_ledger_check(0, now=later(60))

    assert (short, finding()) == ((NOON, 1), (later(60), 0))


def test_check_that_another_copy_made_today_is_left_out() -> None:
    pay(new_payment())
    break_ledger()
    record_ledger_check(0, now=later(30))

    check_recent_rows(now=later(60))
    today = last_check()
    check_recent_rows(now=MIDNIGHT)

    assert (today, last_check()) == ((later(30), 0), (MIDNIGHT, 1))


def test_rows_of_three_days_ago_are_not_checked() -> None:
    pay(new_payment())
    break_ledger()

    check_recent_rows(now=NOON + timedelta(days=3))
    late = last_check()
    MpesaJobRun.objects.all().delete()
    check_recent_rows(now=NOON + timedelta(days=1))

    assert (late[1], last_check()[1]) == (0, 1)


def test_check_that_raises_lets_the_pass_end(caplog: pytest.LogCaptureFixture) -> None:
    pay(new_payment())

    with failing_queries("SELECT", "mpesaclaim", "created_at", error=OperationalError("the disk is full")):
        check_recent_rows(now=MIDNIGHT)

    assert last_check() == (MIDNIGHT, 0)
    assert "the ledger check of today failed" in caplog.text


def test_only_the_newest_rows_are_checked() -> None:
    twice_paid()
    break_ledger()
    newest = MpesaReceipt.objects.latest("pk")

    assert [each.pk for each in check_ledger(most=1)] == [newest.pk]
    assert len(list(check_ledger(most=2))) == len(list(check_ledger(most=50))) == 2
