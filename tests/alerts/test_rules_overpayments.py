"""An overpayment of which something has been free for a week has an alert of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from oscar_mpesa.alerts.rules import Level
from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.refunds import void_refund
from tests.alerts.expected_alerts import alert_of, sentence_of
from tests.services.money import change_total
from tests.services.refunds import refund
from tests.services.unmatched import surplus
from tests.shop import NOON, later, new_order, new_payment, new_staff_user, pay

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


def test_overpayment_of_a_week_raises_an_alert_of_its_own() -> None:
    receipt, week = surplus(), timedelta(days=7)

    before, at = alert_of("overpaid", at=receipt.paid_at + week - timedelta(seconds=1)), receipt.paid_at + week
    after = alert_of("overpaid_for_a_week", at=at)

    assert before is not None and after is not None
    assert (before.level, before.count, after.level, after.count) == (Level.SOON, 1, Level.SOON, 1)
    assert after.sentence == (
        "KSh 1,500 too much has waited since 15:00, 23 Nov. Refund it, or match it to another order."
    )
    assert (after.url_name, after.url_args) == ("dashboard:mpesa-receipt", (receipt.pk,))
    assert alert_of("overpaid_for_a_week", at=at - timedelta(seconds=1)) is alert_of("overpaid", at=at) is None


def test_week_of_an_overpayment_begins_when_the_money_was_unmatched() -> None:
    order = pay(new_payment()).mpesa_order.order
    with transaction.atomic():
        change_total(order, "1000.00", at=timedelta(days=9).total_seconds())

    early, late = (alert_of("overpaid_for_a_week", at=NOON + timedelta(days=days)) for days in (15, 16))

    assert early is None and sentence_of("overpaid", at=NOON + timedelta(days=15)) != ""
    assert late is not None
    assert late.sentence == "KSh 500 too much has waited since 15:00, 2 Dec. Refund it, or match it to another order."


def test_old_overpayment_stays_old_if_a_part_is_matched_and_unmatched() -> None:
    receipt, by, days = surplus(), new_staff_user("match_receipt"), timedelta(days=8).total_seconds()
    entry = allocate(receipt, new_order(total="100.00"), by=by, now=later(days))
    reverse_allocation(entry, by=by, note="the wrong order", now=later(days + 60))

    alert = alert_of("overpaid_for_a_week", at=later(days + 100))

    assert alert is not None
    assert alert.sentence.startswith("KSh 1,500 too much has waited since 15:00, 23 Nov.")
    assert alert_of("overpaid", at=later(days + 100)) is None


def test_voided_refund_begins_the_week_of_an_overpayment_again() -> None:
    receipt, week = surplus(), timedelta(days=7)
    refund(receipt, new_staff_user("record_refund"))
    voided_at = NOON + 2 * week
    void_refund(receipt.refunds.get(), by=new_staff_user("record_refund"), note="was not sent", now=voided_at)

    early, late = (alert_of("overpaid_for_a_week", at=voided_at + week + timedelta(seconds=more)) for more in (-1, 0))

    assert early is None and sentence_of("overpaid", at=voided_at) != ""
    assert late is not None
    assert late.sentence.startswith("KSh 1,500 too much has waited since 15:00, 7 Dec.")


def test_overpayment_stays_old_if_the_rest_of_its_money_shrinks() -> None:
    order = pay(new_payment()).mpesa_order.order
    day = timedelta(days=1).total_seconds()
    with transaction.atomic():
        change_total(order, "1400.00", at=day)
    with transaction.atomic():
        change_total(order, "1000.00", at=9 * day)

    assert sentence_of("overpaid_for_a_week", at=later(9 * day + 60)).startswith("KSh 500 too much has waited")


def test_several_old_overpayments_name_the_oldest() -> None:
    surplus()
    MpesaReceipt.objects.update(number=None)
    surplus()

    assert sentence_of("overpaid_for_a_week", at=NOON + timedelta(days=8)) == (
        "2 overpayments, KSh 3,000 in all, have waited for over a week, the oldest since 15:00, 23 Nov. Refund them, "
        "or match them to other orders."
    )
