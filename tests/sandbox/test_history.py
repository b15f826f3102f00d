"""The generated history is plausible, reproducible and consistent with what the services write."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.alerts.rules import active_alerts
from oscar_mpesa.models import (
    MpesaCallback,
    MpesaClaim,
    MpesaEvent,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
)
from oscar_mpesa.reports.statistics import statistics
from oscar_mpesa.services.order_changes import reassess
from oscar_mpesa.services.reconciliation import Step, reconcile
from sandbox_site.history.rows import DESCRIPTIONS, code_of
from sandbox_site.history.sales import DECIDED_AFTER, EAT, OUTCOMES, SaleOutcome, sales
from tests.rows import all_rows, changed_since
from tests.shared_state import once_for_module
from tests.shop import NOON

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
Source = get_model("payment", "Source")

MANY = 400


@once_for_module
def history() -> None:
    call_command("sandbox_shop", verbosity=0)
    call_command("make_history", payments=MANY, days=60, verbosity=0)


def test_same_seed_gives_the_same_sales() -> None:
    first, again, other = (list(sales(50, days=30, now=NOON, seed=seed)) for seed in (7, 7, 8))

    assert first == again
    assert first != other


def test_number_of_payments_is_exact_and_none_is_in_the_future() -> None:
    drawn = list(sales(MANY, days=30, now=NOON, seed=1))

    tries = [each for sale in drawn for each in sale.tries]
    assert len(tries) == MANY
    assert all(NOON - timedelta(days=31) <= each.at <= NOON for each in tries)
    assert [sale.at for sale in drawn] == sorted(sale.at for sale in drawn)


def test_history_made_early_in_the_morning_has_a_usual_yesterday() -> None:
    drawn = sales(20_000, days=60, now=NOON.replace(hour=1), seed=1)

    days = Counter((sale.at + EAT).date() for sale in drawn)
    last_weeks = [number for day, number in sorted(days.items())][-15:-1]
    assert max(last_weeks) < 2 * min(last_weeks)


def test_failures_have_realistic_shares() -> None:
    drawn = list(sales(20_000, days=365, now=NOON, seed=1))

    codes = [each.code for sale in drawn for each in sale.tries]
    assert 0.75 < codes.count("0") / len(codes) < 0.83
    assert 0.07 < codes.count("1032") / len(codes) < 0.12
    assert {sale.outcome for sale in drawn} == set(SaleOutcome)


def test_one_decision_of_each_kind_is_open(history: None) -> None:
    open_ones = MpesaReceipt.objects.filter(unallocated__gt=0)

    assert set(open_ones.values_list("status", "unmatched_reason")) == {
        ("overpaid", "order_paid"),
        ("unmatched", "order_closed"),
        ("wrong_amount", "wrong_amount"),
    }
    assert MpesaClaim.objects.filter(status="open").exists()
    assert MpesaOrder.objects.filter(balance=100, is_paid=False, part_paid_at__isnull=False).count() == 1
    alerts = {alert.key for alert in active_alerts(timezone.now())}
    assert {"unmatched", "wrong_amount"} <= alerts
    assert {"overpaid", "overpaid_for_a_week"} & alerts  # depends on the hour at which the history is made


def test_older_money_is_decided(history: None) -> None:
    decided = timezone.now() - DECIDED_AFTER - timedelta(days=1)
    old = MpesaReceipt.objects.filter(paid_at__lt=decided)

    assert old.filter(status="refunded").exists()
    assert set(old.values_list("status", "unallocated")) == {("matched", 0), ("refunded", 0)}
    assert not MpesaClaim.objects.filter(created_at__lt=decided, status="open").exists()


def test_each_completed_payment_has_one_receipt(history: None) -> None:
    assert MpesaPayment.objects.count() == MANY
    assert set(MpesaReceipt.objects.values_list("payment__status", flat=True)) == {"completed"}
    assert MpesaReceipt.objects.count() == MpesaPayment.objects.filter(status="completed").count()
    assert not MpesaReceipt.objects.exclude(payment__mpesa_order_id=F("meant_for_id")).exists()


def test_services_change_nothing_of_the_history(history: None) -> None:
    before = all_rows()

    for mpesa_order in MpesaOrder.objects.all():
        reassess(mpesa_order.pk, now=timezone.now())

    assert before["order_order"]
    assert changed_since(before) == set()


def test_sources_are_as_old_as_their_orders(history: None) -> None:
    transactions = get_model("payment", "Transaction").objects

    assert transactions.exists()
    assert not transactions.exclude(date_created=F("source__order__date_placed")).exists()


def test_every_result_has_a_callback_and_an_event(history: None) -> None:
    ended = MpesaPayment.objects.exclude(ended_at=None)

    assert MpesaEvent.objects.filter(type="payment_settled").count() == ended.count()
    assert not ended.exclude(status="expired").filter(callbacks=None).exists()
    assert MpesaCallback.objects.filter(verdict="received").count() == 0


def test_reconcile_has_nothing_to_do(history: None) -> None:
    steps: list[Step] = list(reconcile(timezone.now))

    assert MpesaOrder.objects.count() > 0
    assert steps == []
    assert MpesaOrder.objects.filter(closed_at=None, order__status="Payment expired").count() == 0


def test_secrets_differ_between_histories(history: None) -> None:
    secrets = set(MpesaPayment.objects.values_list("secret", flat=True))

    assert len(secrets) == MANY
    assert {len(secret) for secret in secrets} == {32}


def test_dashboard_shows_the_history(history: None) -> None:
    found = statistics(timezone.now())

    assert found.taken > 0
    assert 60 <= (found.ended.month.percent or 0) <= 95
    assert found.seconds_to_pay is not None
    assert found.reasons


def test_codes_are_valid_and_unique() -> None:
    codes = {code_of(number, place) for number in range(20_000) for place in range(3)}

    assert len(codes) == 60_000
    assert all(len(code) == 10 and code.isalnum() and code.isupper() for code in codes)


def test_second_history_is_refused(history: None) -> None:
    with pytest.raises(CommandError, match="already has a history"):
        call_command("make_history", payments=5, verbosity=0)


def test_lines_of_unpaid_orders_keep_their_status(history: None) -> None:
    lines = get_model("order", "Line").objects.order_by().values_list("order__status", "status").distinct()

    unpaid = {status: line for status, line in lines if status != "Being processed"}
    assert unpaid == {"Payment expired": "Pending", "Pending payment": "Pending"}
    assert ("Being processed", "Being processed") in set(lines)


def test_each_failure_has_the_description_of_its_code(history: None) -> None:
    results = set(MpesaPayment.objects.exclude(result_code="").values_list("result_code", "result_description"))

    assert len({words for _, words in results}) == len({code for code, _ in results}) == len(results)
    assert ("1", "The balance is insufficient for the transaction.") in results
    assert set(DESCRIPTIONS) == set(OUTCOMES) - {""}
