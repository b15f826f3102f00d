"""The phone's prompt and SMS texts."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from oscar_mpesa.domain.references import account_reference
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.practice_phone.texts import message, question
from tests.shop import failure, new_payment, pay, post

pytestmark = pytest.mark.django_db(transaction=True)

AFTERNOON = datetime(2026, 11, 25, 12, 34, tzinfo=timezone.utc)
MIDNIGHT = datetime(2026, 11, 24, 21, 5, tzinfo=timezone.utc)


def message_about(payment: MpesaPayment) -> str:
    payment.refresh_from_db()
    return message(payment, name="JUMA")


@pytest.mark.parametrize(
    ("moment", "written"),
    [(AFTERNOON, "25/11/26 at 3:34 PM"), (MIDNIGHT, "25/11/26 at 12:05 AM")],
    ids=["afternoon", "midnight"],
)
def test_confirmation_shows_nairobi_time(moment: datetime, written: str) -> None:
    payment = pay(new_payment(now=moment), now=moment)
    account = account_reference(payment.mpesa_order.order.number)

    text = message_about(payment)

    assert text.startswith(f"OD123ABC45 Confirmed. KSh 1,500.00 sent to JUMA for account {account} on {written}.")
    assert text.endswith("no money moved.")


def test_confirmation_omits_an_unknown_receipt_number() -> None:
    payment = pay(new_payment())
    payment.receipts.update(number=None)

    assert message_about(payment).startswith("Confirmed. KSh 1,500.00 sent to JUMA")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (1, "Failed. You do not have enough money in your M-PESA account to pay KSh 1,500.00 to JUMA."),
        (1032, "Cancelled. You did not pay KSh 1,500.00 to JUMA."),
        (1037, "Missed. Nobody entered a PIN in time to pay KSh 1,500.00 to JUMA; the prompt has expired."),
        (2001, "Failed. Wrong M-PESA PIN. You did not pay KSh 1,500.00 to JUMA."),
        (1001, "Failed. You did not pay KSh 1,500.00 to JUMA."),
    ],
)
def test_failure_message_names_the_reason(code: int, sentence: str) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=code))

    assert message_about(payment) == sentence


@pytest.mark.parametrize(("till", "names_account"), [("", True), ("5551234", False)], ids=["paybill", "till"])
def test_only_paybill_texts_name_the_account(till: str, names_account: bool) -> None:
    payment = pay(new_payment())
    payment.till = till
    account = account_reference(payment.mpesa_order.order.number)

    texts = (question(payment, name="JUMA"), message(payment, name="JUMA"))

    assert [f"account no. {account}?" in texts[0], f"for account {account}" in texts[1]] == [names_account] * 2
