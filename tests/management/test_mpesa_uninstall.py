"""``mpesa_uninstall`` says what removing the app means, closes unpaid orders, and exports the money."""

from __future__ import annotations

import csv
import io
import stat
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.management import export_folder
from oscar_mpesa.models import MpesaEvent, MpesaJobRun, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.reports.money_export import ExportFile
from oscar_mpesa.services.claims import record_claim
from tests.services.unpaid_orders import prompted
from tests.shop import CANCELS, failure, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture
def paid(settings: Any) -> MpesaPayment:
    """Return a paid payment, after which the shop stops offering M-PESA."""
    payment = pay(new_payment())
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "AVAILABLE_TO": "nobody"}
    return payment


@pytest.fixture
def unpaid(settings: Any) -> MpesaPayment:
    """Return a payment canceled on the phone, after which the shop stops offering M-PESA."""
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment))
    MpesaOrder.objects.get().outbox_messages.update(delivered_at=timezone.now())
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "AVAILABLE_TO": "nobody"}
    return payment


def run(*options: str) -> str:
    output = io.StringIO()
    call_command("mpesa_uninstall", *options, stdout=output)
    return output.getvalue()


def make_real(*models: Any) -> None:
    for model in models:
        model.objects.update(environment="production")


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_plan_changes_nothing_and_names_what_is_open(unpaid: MpesaPayment) -> None:
    printed = run()

    assert Order.objects.get().status == "Pending payment"
    assert "Orders that wait for a payment: 1. They will be closed" in printed
    assert "Not ready" not in printed
    assert "Nothing in the shop was changed" in printed
    assert "manage.py migrate oscar_mpesa zero" in printed
    assert not MpesaJobRun.objects.exists()


def test_plan_shows_the_lines_that_keep_our_statuses(unpaid: MpesaPayment) -> None:
    pipeline = dict(Order.pipeline)
    for status in ("Pending payment", "Payment expired"):
        pipeline.pop(status)

    lines = [line.strip() for line in run().splitlines() if "setdefault" in line]
    for line in lines:
        exec(line, {"OSCAR_ORDER_STATUS_PIPELINE": pipeline})  # noqa: S102 # what the owner pastes

    assert set(pipeline["Payment expired"]) == {"Being processed", "Pending payment", "Cancelled"}
    assert set(pipeline["Pending payment"]) == {"Being processed", "Payment expired", "Cancelled"}


def test_apply_closes_unpaid_orders_and_tells_their_customers(unpaid: MpesaPayment) -> None:
    allocated = StockRecord.objects.get().num_allocated

    printed = run("--apply")

    order = Order.objects.get()
    assert f"Order {order.number}: closed" in printed
    assert order.status == "Payment expired"
    assert (allocated, StockRecord.objects.get().num_allocated) == (1, 0)
    assert [each.to for each in mail.outbox] == [["guest@example.com"]]
    assert MpesaEvent.objects.get(type="order_closed").params["note"] == "manage.py mpesa_uninstall"
    assert "OSCAR_ORDER_STATUS_PIPELINE.setdefault('Payment expired', ('Being processed', 'Cancelled'))" in printed
    assert "setdefault('Pending payment'" not in printed


def test_apply_leaves_paid_orders_as_they_are(paid: MpesaPayment) -> None:
    run("--apply")

    order = Order.objects.get()
    assert order.status == "Being processed"
    assert order.sources.get().amount_debited == 1500
    assert MpesaJobRun.objects.get().job == "removal"


def test_apply_refuses_while_mpesa_is_offered_and_a_prompt_is_live() -> None:
    prompted()

    with pytest.raises(CommandError) as refusal:
        run("--apply")

    assert "MPESA_AVAILABLE_TO=nobody" in str(refusal.value)
    assert "Prompts on phones: 1." in str(refusal.value)
    assert Order.objects.get().status == "Pending payment"


def test_apply_refuses_while_money_needs_a_decision() -> None:
    wrong = new_payment()
    post(wrong, success(wrong, amount=1400))
    staff = new_staff_user("record_claim")
    record_claim("SKN7AAA111", Decimal(1500), order=new_order(), by=staff, note="portal", now=timezone.now())

    with pytest.raises(CommandError) as refusal:
        run("--apply")

    assert "Unmatched receipts: 1." in str(refusal.value)
    assert "Recorded payments that Safaricom has not confirmed: 1." in str(refusal.value)


def test_open_items_stay_open_if_the_owner_accepts_them() -> None:
    payment = prompted()

    printed = run("--apply", "--despite-open-items")

    assert f"Order {payment.mpesa_order.order.number}: left open. A prompt is on the phone." in printed
    assert Order.objects.get().status == "Pending payment"
    assert "setdefault('Pending payment'" in printed


def test_real_money_needs_an_export(paid: MpesaPayment) -> None:
    make_real(MpesaReceipt)

    with pytest.raises(CommandError, match="--export DIR"):
        run("--apply")

    assert not MpesaJobRun.objects.exists()


def test_export_keeps_money_in_private_files(paid: MpesaPayment, tmp_path: Path) -> None:
    folder = tmp_path / "mpesa" / "2026"

    run("--export", str(folder))

    receipt, allocation = rows_of(folder / "receipts.csv")[0], rows_of(folder / "allocations.csv")[0]
    assert (receipt["number"], receipt["amount"]) == ("OD123ABC45", "1500.00")
    assert (allocation["receipt__number"], allocation["order__number"]) == ("OD123ABC45", paid.mpesa_order.order.number)
    assert rows_of(folder / "payments.csv")[0]["phone"] == paid.phone
    assert "secret" not in rows_of(folder / "payments.csv")[0]
    assert [row["What"] for row in rows_of(folder / "entries-simulated.csv")] == ["received", "matched to the order"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_export_overwrites_nothing(paid: MpesaPayment, tmp_path: Path) -> None:
    (tmp_path / "receipts.csv").write_text("older")

    with pytest.raises(CommandError, match="is not empty"):
        run("--apply", "--export", str(tmp_path))

    assert (tmp_path / "receipts.csv").read_text() == "older"
    assert not MpesaJobRun.objects.exists()


def test_failed_export_leaves_no_file_behind(tmp_path: Path) -> None:
    def breaks() -> Iterator[str]:
        yield "number"
        raise OSError("no space left")

    files = [ExportFile(name="receipts.csv", parts=["number"]), ExportFile(name="refunds.csv", parts=breaks())]

    with pytest.raises(OSError, match="no space left"):
        export_folder.write(tmp_path, files)

    assert list(tmp_path.iterdir()) == []
    assert export_folder.write(tmp_path, files[:1]) == [tmp_path / "receipts.csv"]


def test_unwritable_folder_is_an_error_with_a_sentence(paid: MpesaPayment, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CommandError, match="Choose another folder for the export"):
        run("--export", str(tmp_path / "file"))

    assert (tmp_path / "file").read_text() == ""


def test_worker_that_wake_calls_is_named(settings: Any) -> None:
    with_worker = run()
    settings.OSCAR_MPESA = {"TEST_MODE": True}

    without = run()

    assert "mpesa_reconcile, and the worker that WAKE calls" in with_worker
    assert "WAKE" not in without
