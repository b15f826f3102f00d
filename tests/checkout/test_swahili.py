"""The checkout in Swahili, from the phone step to failed and paid payments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import MpesaPayment
from tests.house.messages import kept
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _in_swahili() -> Iterator[None]:
    with translation.override("sw"):
        yield


def age(seconds: int) -> None:
    """Move the only payment into the past."""
    moment = timezone.now() - timedelta(seconds=seconds)
    MpesaPayment.objects.update(push_sent_at=moment, created_at=moment)


def page_after_answer(phone: str) -> str:
    """Return the payment page after the phone answered."""
    shopper = Shopper()
    page_url = shopper.buys(new_product(), phone=phone)["Location"]
    age(6)
    page: str = shopper.client.get(page_url).content.decode()
    return page


def test_failed_payment_names_its_reason_in_swahili() -> None:
    page = page_after_answer("0708374150")

    assert '<html lang="sw"' in page
    assert "Salio la 0708 374 150 halitoshi. Ongeza salio, au lipa kwa nambari nyingine." in page
    assert "M-PESA inasema hakuna pesa zilizokatwa." in page
    assert "Tuma ombi tena" in page


def test_cancelled_prompt_says_so_in_swahili() -> None:
    assert "Ombi lilighairiwa au lilifungwa." in page_after_answer("0708374151")


@pytest.mark.parametrize("word", ["Cancel.", "Confirmed", "PIN", "KSh", "*334#"])
def test_words_on_the_phone_stay_english(word: str) -> None:
    translations = {str(message.id): str(message.string) for message in kept("sw") if message.id}

    shown = {said for said in translations if word in said}

    assert shown
    assert {said for said in shown if word.strip(".") not in translations[said]} == set()


def test_paid_page_formats_the_amount_as_in_english() -> None:
    page = page_after_answer("0708374149")

    assert "Imelipiwa. Asante!" in page
    assert "KSh 1,500" in page


def test_phone_step_and_its_errors_are_in_swahili() -> None:
    shopper = Shopper()
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")

    asked = shopper.client.get(reverse("checkout:payment-details")).content.decode()
    refused = shopper.names_phone("12345").content.decode()

    assert "Nambari ya simu ya M-PESA" in asked
    assert "Nambari hii ni fupi mno." in refused


@pytest.mark.parametrize("code", ["1", "17", "1032", "1037", "2001", "8006", "2028", "unheard of"])
def test_no_result_is_in_english(code: str) -> None:
    sentence = result_codes.outcome_of(code, PaymentStatus.FAILED).sentence

    translated = translation.gettext(sentence)

    assert translated != sentence
    assert {part for part in ("{N}", "{C}", "{P}", "{other}", "{number}") if part in sentence} == {
        part for part in ("{N}", "{C}", "{P}", "{other}", "{number}") if part in translated
    }
