"""The practice phone: whose prompts it shows, and what its answers do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services import practice_phone
from oscar_mpesa.services.status_query import refresh_payment
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import CANCELS, NOON, later, new_payment, pay

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = reverse("handset:index")


def answer(client: Client, payment: MpesaPayment, word: str) -> Any:
    return client.post(reverse("handset:answer", args=[payment.pk]), {"answer": word})


def test_the_session_sees_its_own_prompt_and_the_phone_is_seen(owner: Client, payment: MpesaPayment) -> None:
    page = owner.get(PHONE).content.decode()
    first = MpesaPayment.objects.get().practice_seen_at
    owner.get(PHONE)

    assert "Do you want to pay KSh 1,500" in page
    assert "Never type your real PIN" in page
    assert first is not None
    assert MpesaPayment.objects.get().practice_seen_at == first


def test_a_stranger_s_phone_has_no_request(payment: MpesaPayment) -> None:
    assert "No request now." in Client().get(PHONE).content.decode()


def test_staff_see_every_prompt(admin_client: Client, payment: MpesaPayment) -> None:
    assert "Do you want to pay" in admin_client.get(PHONE).content.decode()


def test_in_a_shop_under_construction_everybody_does(client: Client, payment: MpesaPayment, settings: Any) -> None:
    settings.DEBUG = True

    assert "Do you want to pay" in client.get(PHONE).content.decode()


@pytest.mark.parametrize("ours", [CREDENTIALS, {"TEST_MODE": False}], ids=["sandbox", "test mode not allowed"])
def test_a_shop_that_simulates_nothing_has_no_practice_phone(client: Client, settings: Any, ours: Any) -> None:
    settings.OSCAR_MPESA = ours

    assert client.get(PHONE).status_code == 404


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [("right", "completed", "0"), ("wrong", "failed", "2001"), ("cancel", "cancelled", "1032")],
)
def test_each_answer_ends_the_prompt_in_its_own_way(
    owner: Client, payment: MpesaPayment, word: str, status: str, code: str
) -> None:
    owner.get(PHONE)

    answered = answer(owner, payment, word)
    page = owner.get(PHONE).content.decode()

    payment.refresh_from_db()
    assert answered["Location"].partition("?")[0] == PHONE
    assert (payment.status, payment.result_code) == (status, code)
    assert "No request now." in page


@pytest.mark.parametrize("word", ["right", "wrong"])
def test_a_pin_is_sent_first_and_the_sms_comes_with_the_next_look(
    owner: Client, payment: MpesaPayment, word: str
) -> None:
    owner.get(PHONE)

    sent = owner.get(answer(owner, payment, word)["Location"]).content.decode()
    next_look = owner.get(PHONE).content.decode()

    assert "Sent. Wait for the SMS from M-PESA." in sent
    assert "Do you want to pay" not in sent
    assert "<b>M-PESA</b>" not in sent
    assert "<b>M-PESA</b>" in next_look


def test_the_message_of_a_paid_prompt_names_code_account_and_moment(owner: Client, payment: MpesaPayment) -> None:
    answer(owner, payment, "right")

    page = owner.get(PHONE).content.decode()

    payment.refresh_from_db()
    code, account = payment.receipts.get().number, payment.mpesa_order.order.number
    assert f"{code} Confirmed. KSh 1,500.00 sent to DUKA LA PWANI for account {account} on " in page


def test_only_the_first_answer_counts(owner: Client, payment: MpesaPayment) -> None:
    answer(owner, payment, "right")

    again = answer(owner, payment, "cancel")
    owner.get(PHONE)

    payment.refresh_from_db()
    assert (again.status_code, payment.status) == (302, "completed")


def test_any_other_word_is_refused_and_a_get_answers_nothing(owner: Client, payment: MpesaPayment) -> None:
    refused = answer(owner, payment, "1234")
    by_get = owner.get(reverse("handset:answer", args=[payment.pk]), {"answer": "right"})

    assert (refused.status_code, by_get["Location"]) == (400, reverse("handset:phone", args=[payment.pk]))
    assert MpesaPayment.objects.get().practice_answer == ""


def test_an_open_phone_that_nobody_answers_runs_out_of_time() -> None:
    payment = new_payment(phone=CANCELS)
    practice_phone.mark_prompt_seen(payment, now=later(1))
    payment.refresh_from_db()

    waiting = refresh_payment(payment, now=later(59))
    over = refresh_payment(payment, now=later(61))

    payment.refresh_from_db()
    assert (waiting, over) == (False, True)
    assert (payment.status, payment.result_code) == ("failed", "1037")


def test_the_page_itself_lets_an_unanswered_prompt_run_out(owner: Client, payment: MpesaPayment) -> None:
    long_ago = timezone.now() - timezone.timedelta(seconds=62)  # type: ignore[attr-defined]
    MpesaPayment.objects.update(push_sent_at=long_ago, practice_seen_at=long_ago)

    page = owner.get(PHONE).content.decode()

    assert "No request now." in page
    assert MpesaPayment.objects.get().result_code == "1037"


def test_the_practice_phone_touches_no_real_payment() -> None:
    payment = new_payment()
    MpesaPayment.objects.update(environment="production")
    payment.refresh_from_db()

    practice_phone.mark_prompt_seen(payment, now=NOON)
    answered = practice_phone.answer_prompt(payment, word="right")

    payment.refresh_from_db()
    assert (answered, payment.practice_seen_at, payment.practice_answer) == (False, None, "")


def test_an_answer_after_the_money_is_no_answer() -> None:
    assert practice_phone.answer_prompt(pay(new_payment()), word="cancel") is False


@pytest.mark.parametrize(("till", "names_account"), [("", True), ("5551234", False)], ids=["paybill", "till"])
def test_the_prompt_names_an_account_for_a_paybill_only(
    owner: Client, payment: MpesaPayment, till: str, names_account: bool
) -> None:
    MpesaPayment.objects.update(till=till)

    page = owner.get(PHONE).content.decode()

    assert ("account no." in page) is names_account


def test_the_prompt_names_the_shop_as_safaricom_does(owner: Client, payment: MpesaPayment, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "NAME_ON_PROMPT": "JUMA TRADERS"}

    assert "Do you want to pay KSh 1,500.00 to JUMA TRADERS" in owner.get(PHONE).content.decode()


def test_the_page_is_small_and_brings_no_script_or_style_of_its_own(owner: Client) -> None:
    page = owner.get(PHONE).content.decode()
    script = finders.find("oscar_mpesa/practice_phone.js")

    assert re.findall(r"<style|<script(?! src=)| style=| on[a-z]+=", page) == []
    assert script is not None and Path(script).stat().st_size < 3072
    assert len(page) < 6144
