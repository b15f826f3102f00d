"""``mpesa_check_ledger`` prints what does not agree, and then exits with status 1."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from oscar_mpesa.models import MpesaJobRun, MpesaReceipt
from tests.shop import new_payment, pay

pytestmark = pytest.mark.django_db(transaction=True)


def test_ledger_without_differences_says_so() -> None:
    pay(new_payment())
    output = io.StringIO()

    call_command("mpesa_check_ledger", stdout=output)

    assert output.getvalue() == "The stored sums and the shop's books agree with the entries.\n"


def test_differences_are_printed_and_fail_the_command() -> None:
    pay(new_payment())
    MpesaReceipt.objects.update(status="overpaid")
    receipt, output = MpesaReceipt.objects.get(), io.StringIO()

    with pytest.raises(CommandError, match="1 differences between the stored sums"):
        call_command("mpesa_check_ledger", stdout=output)

    assert output.getvalue() == f"receipt {receipt.pk}: status is overpaid, expected matched\n"


def test_complete_check_records_what_it_found() -> None:
    pay(new_payment())
    MpesaReceipt.objects.update(status="overpaid")

    for options in ([], ["--since", "14"]):
        with pytest.raises(CommandError):
            call_command("mpesa_check_ledger", *options, stdout=io.StringIO())
    MpesaReceipt.objects.update(status="matched")
    call_command("mpesa_check_ledger", "--since", "14", stdout=io.StringIO())
    kept = MpesaJobRun.objects.get(job="ledger_check").problems
    call_command("mpesa_check_ledger", stdout=io.StringIO())

    assert (kept, MpesaJobRun.objects.get(job="ledger_check").problems) == (1, 0)


def test_since_leaves_out_older_rows() -> None:
    pay(new_payment())
    MpesaReceipt.objects.update(status="overpaid", created_at="2020-01-01T12:00:00Z")
    output = io.StringIO()

    call_command("mpesa_check_ledger", "--since", "14", stdout=output)

    assert "agree" in output.getvalue()


@pytest.mark.parametrize("days", ["0", "-3", "a week", "40000", "²"])
def test_wrong_number_of_days_is_refused(days: str) -> None:
    with pytest.raises(CommandError, match="is not a number of days"):
        call_command("mpesa_check_ledger", f"--since={days}", stdout=io.StringIO())


def test_command_names_no_person(capsys: Any) -> None:
    payment = pay(new_payment())
    MpesaReceipt.objects.update(status="overpaid", payer="Achieng", payer_phone="254708374149")

    with pytest.raises(CommandError):
        call_command("mpesa_check_ledger")

    printed = capsys.readouterr().out
    assert "receipt" in printed
    assert payment.phone not in printed
    assert "Achieng" not in printed
