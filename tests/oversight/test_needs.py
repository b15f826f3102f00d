"""What needs the owner appears while it is true, says so in one sentence, and goes when it is true no more."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from oscar_mpesa.lifecycle import heartbeat
from oscar_mpesa.lifecycle.receipts import apply_receipt, record_return
from oscar_mpesa.lifecycle.recording import record_receipt
from oscar_mpesa.lifecycle.releasing import release_overdue
from oscar_mpesa.models import MpesaCallback, MpesaDue, MpesaHeartbeat, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.oversight.needs import Level, Need, needs
from tests.counting import counted
from tests.lifecycle.astray import mismatch, surplus, unallocated
from tests.oversight.lines import (
    REFUSED_KEY,
    REFUSED_REQUEST,
    UNREACHABLE,
    called,
    customers_wait,
    many_ended,
    minutes,
    with_credentials,
)
from tests.shop import CANCELS, NOON, failure, later, new_clerk, new_payment, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _reconcile_runs() -> None:
    heartbeat.beat(heartbeat.RECONCILE, now=NOON)


def need(key: str, *, at: datetime = NOON) -> Need | None:
    """The one of this key, if it is there."""
    return next((each for each in needs(at) if each.key == key), None)


def said(key: str, *, at: datetime = NOON) -> str:
    """Its sentence, empty where nothing is needed."""
    found = need(key, at=at)
    return found.sentence if found else ""


def test_a_shop_where_all_is_well_needs_nobody() -> None:
    pay(new_payment())
    post(failed := new_payment(phone=CANCELS), failure(failed), now=later(20))

    assert needs(later(60)) == []


def test_a_new_shop_needs_nobody_though_nothing_ever_ran() -> None:
    MpesaHeartbeat.objects.all().delete()

    assert needs(NOON) == []


@pytest.mark.parametrize(
    ("astray", "key", "sentence"),
    [
        pytest.param(surplus, "surplus", "KSh 1,500 arrived for an order that was paid already. Return it."),
        pytest.param(
            unallocated, "unallocated", "KSh 1,500 arrived and no order took it. Use it for an order or return it."
        ),
        pytest.param(
            mismatch,
            "mismatch",
            "KSh 1,400 arrived where another amount was asked for. Accept it or return it.",
        ),
    ],
)
def test_money_waits_for_a_person_until_it_is_returned(astray: Any, key: str, sentence: str) -> None:
    receipt = astray()

    before = need(key)
    record_return(
        receipt, amount=receipt.amount, reference="RK1", note="sent back", by=new_clerk("record_return"), now=NOON
    )

    assert before is not None
    assert (before.sentence, before.level, before.count) == (sentence, Level.SOON, 1)
    assert (before.url_name, before.url_args) == ("dashboard:mpesa-receipt", (receipt.pk,))
    assert need(key) is None


def test_several_receipts_are_one_sentence_that_leads_to_the_list() -> None:
    surplus()
    twice = pay(new_payment(phone=CANCELS), number="OD555EEE55")
    post(twice, success(twice, number="OD666FFF66"), now=later(9))

    found = need("surplus")

    assert found is not None
    assert found.sentence == ("2 payments, KSh 3,000 in all, arrived for orders that were paid already. Return them.")
    assert (found.url_name, found.url_args) == ("dashboard:mpesa-receipts", ())


def test_money_of_the_sandbox_is_no_matter_of_a_shop_in_production_but_real_money_is_one_of_a_shop_that_tests(
    settings: Any,
) -> None:
    receipt = surplus()

    with_credentials(settings, ENVIRONMENT="production", SHORTCODE="5123456", TEST_MODE=False)
    of_production = need("surplus")
    MpesaReceipt.objects.filter(pk=receipt.pk).update(environment="production")
    with_credentials(settings)

    assert of_production is None
    assert need("surplus") is not None


def test_an_order_that_was_cancelled_though_it_was_paid_until_its_money_is_returned() -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))
    order: Any = receipt.order
    order.set_status("Cancelled")

    before = said("cancelled")
    record_return(
        receipt, amount=receipt.amount, reference="RK1", note="sent back", by=new_clerk("record_return"), now=NOON
    )

    assert before == "A cancelled order had been paid. Return the money."
    assert said("cancelled") == ""


def test_a_held_payment_is_told_with_its_money_and_by_itself_only_where_there_is_none() -> None:
    receipt = mismatch()
    payment = MpesaPayment.objects.get(held=True)

    with_money = said("held")
    MpesaReceipt.objects.filter(pk=receipt.pk).update(allocation="explained")
    alone = need("held")
    MpesaPayment.objects.filter(pk=payment.pk).update(held=False, status="failed", live_order=None)

    assert with_money == ""
    assert alone is not None
    assert alone.sentence.startswith("A payment is held:")
    assert (alone.url_name, alone.url_args) == ("dashboard:mpesa-payment", (payment.pk,))
    assert said("held") == ""


def test_a_payment_that_nothing_asks_about_until_it_ends() -> None:
    payment = new_payment()

    early, late = said("stuck", at=minutes(4)), need("stuck", at=minutes(6))
    pay(payment)

    assert early == ""
    assert late is not None
    assert late.sentence == (
        "A payment has waited for an answer since 15:00, and nothing asks about it. Run mpesa_reconcile."
    )
    assert late.level is Level.URGENT
    assert said("stuck", at=minutes(6)) == ""


def test_one_that_was_never_sent_is_stuck_too() -> None:
    new_payment(sent=False)

    assert said("stuck", at=minutes(6)) != ""


def test_safaricom_is_silent_while_customers_wait_until_it_answers(settings: Any) -> None:
    with_credentials(settings)
    called("push", at=minutes(-20))
    for minute in (-7, -4, -1):
        called("query", UNREACHABLE, at=minutes(minute))
    before = said("silent")
    customers_wait(2)
    meanwhile = said("silent")
    called("query", at=NOON)

    assert before == ""
    assert meanwhile == (
        "Safaricom has not answered for 7 minutes; customers who wait: 2. Their orders are safe; we keep asking."
    )
    assert said("silent") == ""


@pytest.mark.parametrize(
    "unanswered",
    [
        pytest.param((-7, -1), id="two calls are too few"),
        pytest.param((-3, -2, -1), id="three minutes are too short"),
        pytest.param((-60, -30, -1), id="half an hour between them is no row"),
        pytest.param((-40, -35, -30), id="long ago"),
    ],
)
def test_some_calls_without_an_answer_are_no_silence(settings: Any, unanswered: tuple[int, ...]) -> None:
    with_credentials(settings)
    customers_wait(1)
    for minute in unanswered:
        called("query", UNREACHABLE, at=minutes(minute))

    assert said("silent") == ""


def test_the_silence_of_another_short_code_is_not_ours(settings: Any) -> None:
    with_credentials(settings)
    customers_wait(1)
    for minute in (-7, -4, -1):
        called("query", UNREACHABLE, at=minutes(minute), shortcode="600000")

    assert said("silent") == ""


def test_the_key_is_refused_until_it_is_taken(settings: Any) -> None:
    with_credentials(settings)
    called("oauth", at=minutes(-90))
    called("oauth", REFUSED_KEY, at=minutes(-50))
    called("oauth", UNREACHABLE, at=minutes(-30))
    called("oauth", REFUSED_KEY, at=minutes(-10))

    before = said("key-refused")
    called("oauth", at=NOON)

    assert before == "Safaricom refuses our key since 14:10: nobody can pay by M-PESA."
    assert said("key-refused") == ""


def test_requests_are_refused_until_one_is_taken(settings: Any) -> None:
    with_credentials(settings)
    called("oauth", at=minutes(-90))
    called("push", REFUSED_REQUEST, at=minutes(-5))

    before = said("requests-refused")
    called("push", at=NOON)

    assert before.startswith("Safaricom refuses our requests since 14:55:")
    assert said("requests-refused") == ""


def test_the_rate_of_success_has_fallen_within_the_hour_until_it_rises() -> None:
    many_ended(180, status="completed", at=NOON - timedelta(days=5))
    many_ended(20, status="failed", at=NOON - timedelta(days=5))
    many_ended(10, status="completed", at=minutes(-30))
    many_ended(15, status="failed", at=minutes(-20))

    fallen = need("success")
    many_ended(60, status="completed", at=minutes(-10))

    assert fallen is not None
    assert fallen.sentence == "Only 40 % of the last hour's payments went through; 90 % do as a rule."
    assert (fallen.level, fallen.count) == (Level.URGENT, 15)
    assert need("success") is None


def test_or_within_a_day_where_an_hour_has_too_few() -> None:
    many_ended(180, status="completed", at=NOON - timedelta(days=5))
    many_ended(20, status="failed", at=NOON - timedelta(days=5))
    many_ended(10, status="completed", at=minutes(-500))
    many_ended(15, status="expired", at=minutes(-600))

    assert said("success") == "Only 40 % of the last 24 hours' payments went through; 90 % do as a rule."


@pytest.mark.parametrize(
    ("before", "paid", "failed"),
    [
        pytest.param(200, 5, 10, id="fifteen are too few to say"),
        pytest.param(50, 5, 20, id="a shop that has no rule yet"),
        pytest.param(200, 18, 7, id="an accident"),
    ],
)
def test_a_fall_that_may_be_none(before: int, paid: int, failed: int) -> None:
    many_ended(before * 9 // 10, status="completed", at=NOON - timedelta(days=5))
    many_ended(before // 10, status="failed", at=NOON - timedelta(days=5))
    many_ended(paid, status="completed", at=minutes(-30))
    many_ended(failed, status="failed", at=minutes(-20))

    assert said("success") == ""


def test_reconcile_was_not_seen_until_it_runs() -> None:
    early, late = said("reconcile", at=minutes(9)), said("reconcile", at=minutes(11))
    heartbeat.beat(heartbeat.RECONCILE, now=minutes(11))

    assert early == ""
    assert late == "mpesa_reconcile has not run since 15:00: nothing that was lost is found, no order is closed."
    assert said("reconcile", at=minutes(11)) == ""


def test_reconcile_never_ran_where_there_are_payments() -> None:
    MpesaHeartbeat.objects.all().delete()
    pay(new_payment())

    assert said("reconcile").startswith("mpesa_reconcile has never run:")


def test_messages_that_were_given_up_until_they_are_sent() -> None:
    pay(new_payment())
    dues = MpesaDue.objects.all()
    dues.update(done_at=None, tries=5, claimed_at=minutes(-10))

    both = said("untold")
    dues.filter(kind="paid_mail").update(done_at=NOON)
    one = said("untold")
    dues.update(claimed_at=minutes(-1))
    still_on_its_way = said("untold")
    dues.update(done_at=NOON)

    assert both.startswith("2 mails or announcements could not be sent in five tries each.")
    assert one.startswith("A mail or announcement could not be sent in five tries.")
    assert still_on_its_way == ""
    assert said("untold") == ""


def test_a_callback_that_was_given_up_until_its_payment_is_paid_by_other_news() -> None:
    payment = new_payment()
    MpesaCallback.objects.create(
        body=b"{}", received_at=NOON, environment="simulated", payment=payment, verdict="failed", tries=10
    )

    before = said("unread")
    pay(payment)

    assert before.startswith("A message from Safaricom could not be worked through in ten tries.")
    assert said("unread") == ""


def test_an_order_that_was_closed_unasked_until_its_money_is_found(settings: Any) -> None:
    payment = new_payment()
    MpesaPayment.objects.update(status="expired", live_order=None, checkout_request_id=None)
    release_overdue(MpesaOrder.objects.get(), now=minutes(31))

    before, after_two_weeks = said("unasked", at=minutes(40)), said("unasked", at=NOON + timedelta(days=15))
    record_receipt(
        "OD777GGG77",
        Decimal(1500),
        order=payment.mpesa_order.order,
        payment=payment,
        by=new_clerk("record_receipt"),
        note="found in the portal",
        now=minutes(50),
    )

    assert before.startswith("An order was closed without Safaricom's word about it.")
    assert after_two_weeks == ""
    assert said("unasked", at=minutes(60)) == ""


def test_wrong_settings_until_they_are_right(settings: Any) -> None:
    right = settings.OSCAR_MPESA
    settings.OSCAR_MPESA = {**right, "CONSUMER_KEY": "key"}

    wrong = need("settings")
    settings.OSCAR_MPESA = right

    assert wrong is not None
    assert wrong.sentence == "M-Pesa is not offered, because its settings are wrong (E003)."
    assert wrong.url_name == "dashboard:mpesa-setup"
    assert need("settings") is None


def test_what_is_urgent_comes_first() -> None:
    surplus()

    levels = [each.level for each in needs(minutes(20))]

    assert levels == [Level.URGENT, Level.SOON]


def test_a_moment_of_another_day_is_told_with_its_day_in_the_language_of_the_reader() -> None:
    with translation.override("sw"):
        sentence = said("reconcile", at=NOON + timedelta(days=1))

    assert "15:00, 23 " in sentence


def test_a_thing_that_was_used_after_all_is_needed_no_more() -> None:
    receipt = unallocated()
    order = new_payment(phone=CANCELS, sent=False).mpesa_order.order
    MpesaPayment.objects.filter(mpesa_order_id=order.pk).update(status="failed", live_order=None)

    before = said("unallocated")
    apply_receipt(receipt, order, by=new_clerk("apply_receipt"), now=NOON)

    assert before != ""
    assert said("unallocated") == ""


def test_all_of_it_is_three_questions_however_much_there_is(settings: Any) -> None:
    surplus()
    with_credentials(settings)
    called("push", UNREACHABLE)
    needs(NOON)

    with counted() as count:
        needs(NOON)

    assert len(count) == 3, str(count)
