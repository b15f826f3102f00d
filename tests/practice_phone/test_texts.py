"""What a phone says of a payment, as M-PESA's prompts and SMS do."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.practice_phone.texts import message, question
from tests.shop import failure, new_payment, pay, post

pytestmark = pytest.mark.django_db(transaction=True)

AFTERNOON = datetime(2026, 11, 25, 12, 34, tzinfo=timezone.utc)
MIDNIGHT = datetime(2026, 11, 24, 21, 5, tzinfo=timezone.utc)


def said(payment: MpesaPayment) -> str:
    payment.refresh_from_db()
    return message(payment, name="JUMA")


@pytest.mark.parametrize(
    ("moment", "written"),
    [(AFTERNOON, "25/11/26 at 3:34 PM"), (MIDNIGHT, "25/11/26 at 12:05 AM")],
    ids=["afternoon", "midnight"],
)
def test_a_paid_request_is_confirmed_by_the_nairobi_clock(moment: datetime, written: str) -> None:
    payment = pay(new_payment(now=moment), now=moment)
    account = payment.mpesa_order.order.number

    told = said(payment)

    assert told.startswith(f"OD123ABC45 Confirmed. KSh 1,500.00 sent to JUMA for account {account} on {written}.")
    assert told.endswith("no money moved.")


def test_money_whose_code_is_not_known_yet_is_confirmed_without_it() -> None:
    payment = pay(new_payment())
    payment.receipts.update(number=None)

    assert said(payment).startswith("Confirmed. KSh 1,500.00 sent to JUMA")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (1, "Failed. You do not have enough money in your M-PESA account to pay KSh 1,500.00 to JUMA."),
        (1032, "Cancelled. You did not pay KSh 1,500.00 to JUMA."),
        (1037, "Missed. Nobody entered a PIN in time to pay KSh 1,500.00 to JUMA; the request is gone."),
        (2001, "Failed. Wrong M-PESA PIN. You did not pay KSh 1,500.00 to JUMA."),
        (1001, "Failed. You did not pay KSh 1,500.00 to JUMA."),
    ],
)
def test_a_failure_says_why(code: int, sentence: str) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=code))

    assert said(payment) == sentence


@pytest.mark.parametrize(("till", "names_account"), [("", True), ("5551234", False)], ids=["paybill", "till"])
def test_an_account_is_named_for_a_paybill_only(till: str, names_account: bool) -> None:
    payment = pay(new_payment())
    payment.till = till
    account: Any = payment.mpesa_order.order.number

    words = (question(payment, name="JUMA"), message(payment, name="JUMA"))

    assert [f"account no. {account}?" in words[0], f"for account {account}" in words[1]] == [names_account] * 2
