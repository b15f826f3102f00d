"""The practice phone's pages: visible prompts and the effect of answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.domain.references import account_reference
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services import practice_phone
from oscar_mpesa.services.status_query import refresh_payment
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import CANCELS, NOON, later, new_payment, pay

pytestmark = pytest.mark.django_db(transaction=True)

INDEX = reverse("practice_phone:index")


def post_answer(client: Client, payment: MpesaPayment, word: str) -> Any:
    return client.post(reverse("practice_phone:answer", args=[payment.pk]), {"answer": word})


def test_own_prompt_is_shown_and_marked_seen_once(owner: Client, payment: MpesaPayment) -> None:
    page = owner.get(INDEX).content.decode()
    first = MpesaPayment.objects.get().practice_seen_at
    owner.get(INDEX)

    assert "Do you want to pay KSh 1,500" in page
    assert "Never type your real PIN" in page
    assert first is not None
    assert MpesaPayment.objects.get().practice_seen_at == first


def test_visitor_without_payments_sees_no_prompt(payment: MpesaPayment) -> None:
    assert "No prompt now." in Client().get(INDEX).content.decode()


def test_staff_see_every_prompt(admin_client: Client, payment: MpesaPayment) -> None:
    assert "Do you want to pay" in admin_client.get(INDEX).content.decode()


def test_debug_shows_every_prompt(client: Client, payment: MpesaPayment, settings: Any) -> None:
    settings.DEBUG = True

    assert "Do you want to pay" in client.get(INDEX).content.decode()


@pytest.mark.parametrize("ours", [CREDENTIALS, {"TEST_MODE": False}], ids=["sandbox", "test mode not allowed"])
def test_page_is_missing_without_simulation(client: Client, settings: Any, ours: Any) -> None:
    settings.OSCAR_MPESA = ours

    assert client.get(INDEX).status_code == 404


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [("right", "completed", "0"), ("wrong", "failed", "2001"), ("cancel", "cancelled", "1032")],
)
def test_each_answer_gives_its_own_result(
    owner: Client, payment: MpesaPayment, word: str, status: str, code: str
) -> None:
    owner.get(INDEX)

    answered = post_answer(owner, payment, word)
    page = owner.get(INDEX).content.decode()

    payment.refresh_from_db()
    assert answered["Location"].partition("?")[0] == INDEX
    assert (payment.status, payment.result_code) == (status, code)
    assert "No prompt now." in page


@pytest.mark.parametrize("word", ["right", "wrong"])
def test_message_appears_on_the_second_request_after_a_pin(owner: Client, payment: MpesaPayment, word: str) -> None:
    owner.get(INDEX)

    sent = owner.get(post_answer(owner, payment, word)["Location"]).content.decode()
    next_page = owner.get(INDEX).content.decode()

    assert "Sent. Wait for the SMS from M-PESA." in sent
    assert "Do you want to pay" not in sent
    assert "<b>M-PESA</b>" not in sent
    assert "<b>M-PESA</b>" in next_page


def test_confirmation_names_receipt_and_account(owner: Client, payment: MpesaPayment) -> None:
    post_answer(owner, payment, "right")

    page = owner.get(INDEX).content.decode()

    payment.refresh_from_db()
    code, account = payment.receipts.get().number, account_reference(payment.mpesa_order.order.number)
    assert f"{code} Confirmed. KSh 1,500.00 sent to DUKA LA PWANI for account {account} on " in page


def test_second_answer_changes_nothing(owner: Client, payment: MpesaPayment) -> None:
    post_answer(owner, payment, "right")

    again = post_answer(owner, payment, "cancel")
    owner.get(INDEX)

    payment.refresh_from_db()
    assert (again.status_code, payment.status) == (302, "completed")


def test_unknown_answer_and_get_store_nothing(owner: Client, payment: MpesaPayment) -> None:
    refused = post_answer(owner, payment, "1234")
    by_get = owner.get(reverse("practice_phone:answer", args=[payment.pk]), {"answer": "right"})

    assert (refused.status_code, by_get["Location"]) == (400, reverse("practice_phone:phone", args=[payment.pk]))
    assert MpesaPayment.objects.get().practice_answer == ""


def test_seen_but_unanswered_prompt_times_out() -> None:
    payment = new_payment(phone=CANCELS)
    practice_phone.mark_prompt_seen(payment, now=later(1))
    payment.refresh_from_db()

    waiting = refresh_payment(payment, now=later(59))
    over = refresh_payment(payment, now=later(61))

    payment.refresh_from_db()
    assert (waiting, over) == (False, True)
    assert (payment.status, payment.result_code) == ("failed", "1037")


def test_page_request_times_out_an_old_prompt(owner: Client, payment: MpesaPayment) -> None:
    long_ago = timezone.now() - timezone.timedelta(seconds=62)  # type: ignore[attr-defined]
    MpesaPayment.objects.update(push_sent_at=long_ago, practice_seen_at=long_ago)

    page = owner.get(INDEX).content.decode()

    assert "No prompt now." in page
    assert MpesaPayment.objects.get().result_code == "1037"


def test_production_payment_is_left_unchanged() -> None:
    payment = new_payment()
    MpesaPayment.objects.update(environment="production")
    payment.refresh_from_db()

    practice_phone.mark_prompt_seen(payment, now=NOON)
    answered = practice_phone.answer_prompt(payment, word="right")

    payment.refresh_from_db()
    assert (answered, payment.practice_seen_at, payment.practice_answer) == (False, None, "")


def test_answer_to_a_paid_prompt_is_refused() -> None:
    assert practice_phone.answer_prompt(pay(new_payment()), word="cancel") is False


@pytest.mark.parametrize(("till", "names_account"), [("", True), ("5551234", False)], ids=["paybill", "till"])
def test_only_a_paybill_prompt_names_the_account(
    owner: Client, payment: MpesaPayment, till: str, names_account: bool
) -> None:
    MpesaPayment.objects.update(till=till)

    page = owner.get(INDEX).content.decode()

    assert ("account no." in page) is names_account


def test_prompt_uses_name_on_prompt_setting(owner: Client, payment: MpesaPayment, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "NAME_ON_PROMPT": "JUMA TRADERS"}

    assert "Do you want to pay KSh 1,500.00 to JUMA TRADERS" in owner.get(INDEX).content.decode()


def test_page_is_small_without_inline_script_or_style(owner: Client) -> None:
    page = owner.get(INDEX).content.decode()
    script = finders.find("oscar_mpesa/practice_phone.js")

    assert re.findall(r"<style|<script(?! src=)| style=| on[a-z]+=", page) == []
    assert script is not None and Path(script).stat().st_size < 3072
    assert len(page) < 6144
