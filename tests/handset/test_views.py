"""The practice phone: whose prompts it shows, and what its answers do."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.access.ownership import ORDERS_KEY
from oscar_mpesa.lifecycle import practice
from oscar_mpesa.lifecycle.asking import attend
from oscar_mpesa.models import MpesaPayment
from tests.lifecycle.wire import CREDENTIALS
from tests.shop import ANOTHER, CANCELS, NOON, later, new_payment, pay

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = reverse("handset:index")


@pytest.fixture
def payment() -> MpesaPayment:
    return new_payment(phone=ANOTHER, now=timezone.now())


@pytest.fixture
def owner(client: Client, payment: MpesaPayment) -> Client:
    session = client.session
    session[ORDERS_KEY] = [payment.mpesa_order.public_id]
    session.save()
    return client


def answer(client: Client, payment: MpesaPayment, word: str) -> Any:
    return client.post(reverse("handset:answer", args=[payment.pk]), {"answer": word})


def test_the_session_sees_its_own_prompt_and_the_phone_is_seen(owner: Client, payment: MpesaPayment) -> None:
    page = owner.get(PHONE).content.decode()
    first = MpesaPayment.objects.get().handset_seen_at
    owner.get(PHONE)

    assert "Do you want to pay KSh 1,500" in page
    assert "Never type your real PIN" in page
    assert first is not None
    assert MpesaPayment.objects.get().handset_seen_at == first


def test_a_stranger_sees_nothing_and_can_answer_nothing(payment: MpesaPayment) -> None:
    stranger = Client()

    page = stranger.get(PHONE).content.decode()
    answered = answer(stranger, payment, "right")

    assert "No request now." in page
    assert answered.status_code == 404
    assert MpesaPayment.objects.get().handset_answer == ""


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

    payment.refresh_from_db()
    assert answered["Location"] == PHONE
    assert (payment.status, payment.result_code) == (status, code)
    assert "No request now." in owner.get(PHONE).content.decode()


def test_the_message_of_a_paid_prompt_names_the_code(owner: Client, payment: MpesaPayment) -> None:
    answer(owner, payment, "right")

    number = str(payment.receipts.get().number)
    assert f"{number} Confirmed. KSh 1,500 sent to" in owner.get(PHONE).content.decode()


def test_only_the_first_answer_counts(owner: Client, payment: MpesaPayment) -> None:
    answer(owner, payment, "right")

    again = answer(owner, payment, "cancel")

    payment.refresh_from_db()
    assert (again.status_code, payment.status) == (302, "completed")


def test_any_other_word_is_refused_and_a_get_answers_nothing(owner: Client, payment: MpesaPayment) -> None:
    refused = answer(owner, payment, "1234")
    by_get = owner.get(reverse("handset:answer", args=[payment.pk]), {"answer": "right"})

    assert (refused.status_code, by_get["Location"]) == (400, PHONE)
    assert MpesaPayment.objects.get().handset_answer == ""


def test_an_open_phone_that_nobody_answers_runs_out_of_time() -> None:
    payment = new_payment(phone=CANCELS)
    practice.see(payment, now=later(1))
    payment.refresh_from_db()

    waiting = attend(payment, now=later(59))
    over = attend(payment, now=later(61))

    payment.refresh_from_db()
    assert (waiting, over) == (False, True)
    assert (payment.status, payment.result_code) == ("failed", "1037")


def test_the_page_itself_lets_an_unanswered_prompt_run_out(owner: Client, payment: MpesaPayment) -> None:
    long_ago = timezone.now() - timezone.timedelta(seconds=62)  # type: ignore[attr-defined]
    MpesaPayment.objects.update(prompted_at=long_ago, handset_seen_at=long_ago)

    page = owner.get(PHONE).content.decode()

    assert "No request now." in page
    assert MpesaPayment.objects.get().result_code == "1037"


def test_the_practice_phone_touches_no_real_payment() -> None:
    payment = new_payment()
    MpesaPayment.objects.update(environment="production")
    payment.refresh_from_db()

    practice.see(payment, now=NOON)
    answered = practice.answer(payment, word="right")

    payment.refresh_from_db()
    assert (answered, payment.handset_seen_at, payment.handset_answer) == (False, None, "")


def test_an_answer_after_the_money_is_no_answer() -> None:
    assert practice.answer(pay(new_payment()), word="cancel") is False


def test_a_failed_prompt_leaves_a_message_that_says_why(owner: Client, payment: MpesaPayment) -> None:
    answer(owner, payment, "wrong")

    assert "M-PESA: KSh 1,500 to DUKA LA PWANI failed, wrong PIN." in owner.get(PHONE).content.decode()


@pytest.mark.parametrize(("till", "names_account"), [("", True), ("5551234", False)], ids=["paybill", "till"])
def test_the_prompt_names_an_account_for_a_paybill_only(
    owner: Client, payment: MpesaPayment, till: str, names_account: bool
) -> None:
    MpesaPayment.objects.update(till=till)

    page = owner.get(PHONE).content.decode()

    assert ("account no." in page) is names_account


def test_the_prompt_names_the_shop_as_safaricom_does(owner: Client, payment: MpesaPayment, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "NAME_ON_PROMPT": "JUMA TRADERS"}

    assert "Do you want to pay KSh 1,500 to JUMA TRADERS" in owner.get(PHONE).content.decode()
