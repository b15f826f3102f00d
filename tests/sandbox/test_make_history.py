"""The command that generates a history writes consistent books, and refuses shops that must not have one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from oscar_mpesa.models import MpesaAllocation, MpesaCallback, MpesaOrder, MpesaPayment, MpesaReceipt, MpesaRefund
from oscar_mpesa.reports.entries import EntryKind, PostedEntries
from tests.databases.books import assert_sums_agree

pytestmark = pytest.mark.django_db


@pytest.fixture
def products(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    call_command("sandbox_shop", verbosity=0)


def test_sums_and_books_agree(products: None) -> None:
    call_command("make_history", payments=500, days=60, verbosity=0)

    assert MpesaRefund.objects.exclude(allocation=None).exists()
    assert MpesaRefund.objects.filter(allocation=None).exists()
    assert MpesaAllocation.objects.filter(reason="staff").exists()
    assert_sums_agree()


def test_payments_are_simulated_by_default(products: None) -> None:
    call_command("make_history", payments=30, verbosity=0)

    for model in (MpesaOrder, MpesaPayment, MpesaReceipt, MpesaCallback):
        assert set(model.objects.values_list("environment", flat=True)) == {"simulated"}


@pytest.mark.parametrize("wrong", [{"payments": 0}, {"days": 0}])
def test_history_needs_at_least_one_payment_and_day(products: None, wrong: dict[str, int]) -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("make_history", verbosity=0, **wrong)


def test_history_is_refused_in_production(products: None, settings: Any) -> None:
    settings.OSCAR_MPESA = {"ENVIRONMENT": "production"}

    with pytest.raises(CommandError, match="does not run in production"):
        call_command("make_history", verbosity=0)


def test_history_without_products_is_refused() -> None:
    with pytest.raises(CommandError, match="run sandbox_shop first"):
        call_command("make_history", verbosity=0)


def test_entries_are_of_most_kinds_and_tell_what_orders_owed(products: None) -> None:
    call_command("make_history", payments=1_500, days=60, verbosity=0)

    entries = list(PostedEntries("simulated", None, None))

    missing = {EntryKind.UNMATCHED, EntryKind.VOIDED, EntryKind.RESOLVED_RETURNED, EntryKind.RESOLVED_RETURN_VOIDED}
    assert set(EntryKind) - {entry.kind for entry in entries} == missing
    last: dict[int | None, Any] = {
        entry.order_id: entry.balance_after for entry in entries if entry.balance_after is not None
    }
    proven = dict(MpesaOrder.objects.filter(pk__in=last.keys()).values_list("pk", "balance"))
    assert len(last) > 500 and last == proven
    sums = Counter({kind: sum(entry.amount for entry in entries if entry.kind == kind) for kind in EntryKind})
    unmatched = sum(kind.unmatched_sign * amount for kind, amount in sums.items())
    assert unmatched == sum(MpesaReceipt.objects.values_list("unallocated", flat=True))
