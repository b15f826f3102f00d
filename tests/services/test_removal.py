"""``migrate`` drops no tables with real money that was not exported."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management.sql import emit_pre_migrate_signal
from django.db.migrations import Migration

from oscar_mpesa.models import MpesaClaim, MpesaJobRun, MpesaOrder, MpesaReceipt
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.order_closure import MoneyArrived
from oscar_mpesa.services.removal import MoneyNotExported, close_unpaid_order, has_real_money, record_removal
from tests.shop import CANCELS, failure, later, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

EXPORTED = later(24 * 60 * 60)


def migrate(*steps: tuple[str, str, bool]) -> None:
    """Announce steps as ``migrate`` does: the app, the name of the migration, and whether it is reversed."""
    plan = [(Migration(name, app), is_backwards) for app, name, is_backwards in steps]
    emit_pre_migrate_signal(verbosity=0, interactive=False, db="default", plan=plan, apps=apps)


def drop_tables() -> None:
    migrate(("oscar_mpesa", "0001_initial", True))


def make_real() -> None:
    for model in (MpesaOrder, MpesaReceipt, MpesaClaim):
        model.objects.update(environment="production")


def test_real_receipt_keeps_its_table() -> None:
    pay(new_payment())
    make_real()

    with pytest.raises(MoneyNotExported, match=r"Receipts: 1\. Recorded payments: 0\..*wait for a payment: 0\."):
        drop_tables()

    assert has_real_money()


def test_recorded_payment_keeps_its_table() -> None:
    staff = new_staff_user("record_claim")
    record_claim("SKN7AAA111", Decimal(1500), order=new_order(), by=staff, note="SMS", now=later(0))
    make_real()

    with pytest.raises(MoneyNotExported, match="Recorded payments: 1"):
        drop_tables()

    assert has_real_money()


def test_order_that_waits_for_real_money_keeps_its_table() -> None:
    new_payment()
    make_real()

    with pytest.raises(MoneyNotExported, match="wait for a payment: 1"):
        drop_tables()

    assert not has_real_money()


def test_test_money_does_not_stop_a_migration() -> None:
    pay(new_payment())

    drop_tables()

    assert MpesaReceipt.objects.get().environment == "simulated"
    assert not has_real_money()


@pytest.mark.parametrize(
    "step",
    [("oscar_mpesa", "0001_initial", False), ("oscar_mpesa", "0002_more", True), ("order", "0001_initial", True)],
    ids=["forwards", "a later migration", "another app"],
)
def test_other_migrations_run_with_real_money(step: tuple[str, str, bool]) -> None:
    pay(new_payment())
    make_real()

    migrate(step)

    with pytest.raises(MoneyNotExported):
        migrate(step, ("oscar_mpesa", "0001_initial", True))


def test_exported_money_may_go() -> None:
    pay(new_payment())
    make_real()
    record_removal(exported_at=EXPORTED)

    drop_tables()

    assert MpesaJobRun.objects.get(job="removal").last_run_at == EXPORTED


def test_money_after_the_export_keeps_its_table() -> None:
    payment = pay(new_payment())
    make_real()
    record_removal(exported_at=EXPORTED)
    receipt = MpesaReceipt.objects.get(payment=payment)

    MpesaReceipt.objects.filter(pk=receipt.pk).update(created_at=EXPORTED + timedelta(seconds=1))

    with pytest.raises(MoneyNotExported):
        drop_tables()
    record_removal(exported_at=EXPORTED + timedelta(hours=1))
    drop_tables()


def test_order_with_money_is_never_closed() -> None:
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    unpaid = MpesaOrder.objects.get(pk=payment.order_id)
    post(payment, success(payment, amount=900), now=later(30))

    with pytest.raises(MoneyArrived):
        close_unpaid_order(unpaid, now=later(60))

    assert not MpesaOrder.objects.get(pk=unpaid.pk).is_closed
