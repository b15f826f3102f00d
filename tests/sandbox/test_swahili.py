"""The demo shop is completely in Swahili, from the front page to the thank-you page."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.core.management import call_command
from django.utils import translation
from django.utils.formats import date_format
from oscar.templatetags.currency_filters import currency

from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaReceipt
from sandbox_site.goods import CATEGORIES, GOODS
from sandbox_site.people import SHOPPER
from tests.sandbox import purchases
from tests.sandbox.page_reader import MissingTranslations, Reader, collect_missing, words

pytestmark = pytest.mark.django_db(transaction=True)

#: Texts that are the same in both languages: names and input.
NAMES = {
    *(good.title for good in GOODS),
    *(f"2 × {good.title}" for good in GOODS),
    *(good.description for good in GOODS),
    *CATEGORIES,
    *CATEGORIES.values(),
    *purchases.ADDRESS.values(),
    "Duka la Pwani",
    "Biashara Street, Mombasa",
    "Baraka Otieno",
    "Kenya",
    "English",
    "Kiswahili",
    "M-PESA",
    "M-PESA ·",
    "TEST",
}
#: Texts that the database has in one language, or that Oscar does not mark for translation.
NOT_MARKED = {"Goods", "Pantry week", "10% off coffee, tea, honey, nuts and spice.", "Karibu (KARIBU)", "breadcrumb"}


@pytest.fixture(autouse=True)
def _shop(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    call_command("sandbox_shop", stdout=io.StringIO())
    shopper = get_user_model().objects.get(email=SHOPPER.email)
    shopper.set_password(purchases.PASSWORD)
    shopper.save()


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    return Reader("sw", collect_missing(monkeypatch, "sw"))


@pytest.mark.slow
def test_guest_reads_swahili_on_every_page_and_error(reader: Reader) -> None:
    purchases.looks_around(reader)
    purchases.fills_the_basket(reader)
    purchases.uses_a_voucher(reader)
    purchases.changes_quantities(reader)
    purchases.fills_the_basket(reader)
    purchases.is_a_guest(reader)
    purchases.says_where(reader)
    thanks = purchases.pays_by_mpesa(reader)
    status = reader.opens(f"accounts/order-status/{purchases.order().number}/{purchases.order().verification_hash()}/")

    assert reader.untranslated == {}
    assert "Oda yako imepokelewa" in thanks
    assert f"Nambari ya muamala: {MpesaReceipt.objects.get().number}" in " ".join(words(thanks))
    assert "Inashughulikiwa" in words(status)


@pytest.mark.slow
def test_user_reads_swahili_with_both_payment_methods(reader: Reader) -> None:
    purchases.signs_in(reader)
    purchases.fills_the_basket(reader)
    reader.sends("basket/vouchers/add/", code="KARIBU")
    reader.opens("checkout/")
    purchases.says_where(reader)
    at_the_door = purchases.pays_at_the_door(reader)
    purchases.fills_the_basket(reader)
    purchases.says_where(reader)
    by_mpesa = purchases.pays_by_mpesa(reader)
    purchases.looks_up_orders(reader)

    assert reader.untranslated == {}
    assert "Lipa unapopokea" in words(at_the_door)
    assert "M-PESA" in words(by_mpesa)


def test_account_pages_are_in_swahili(reader: Reader) -> None:
    purchases.forgets_the_password(reader)
    purchases.registers(reader)
    reader.client.logout()
    purchases.signs_in(reader)
    purchases.looks_after_the_account(reader)

    assert reader.untranslated == {}


def test_failed_and_unanswered_payments_are_in_swahili(reader: Reader) -> None:
    purchases.fills_the_basket(reader)
    purchases.is_a_guest(reader)
    purchases.says_where(reader)

    page = purchases.pays_by_mpesa(reader, phone="254708374150")

    assert reader.untranslated == {}
    assert "Salio la 0708 374 150 halitoshi. Ongeza salio, au lipa kwa nambari nyingine." in page


@pytest.mark.slow
def test_purchase_has_no_text_common_to_both_languages(reader: Reader) -> None:
    english = Reader("en", MissingTranslations())
    for each in (reader, english):
        purchases.looks_around(each)
        purchases.fills_the_basket(each)
        purchases.uses_a_voucher(each)
        purchases.is_a_guest(each)
        purchases.says_where(each)
        purchases.pays_by_mpesa(each)

    same = {text for text in reader.words & english.words if "KSh" not in text and '"' not in text}

    assert same - NAMES - NOT_MARKED == set()


def test_confirmation_email_is_in_swahili_with_the_code(reader: Reader) -> None:
    purchases.fills_the_basket(reader)
    purchases.is_a_guest(reader)
    purchases.says_where(reader)
    purchases.pays_by_mpesa(reader)

    message = mail.outbox[0]
    assert isinstance(message, EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    number = MpesaReceipt.objects.get().number
    assert message.subject == f"TEST: Uthibitisho wa oda {purchases.order().number}"
    for body in (str(message.body), html):
        assert "Bidhaa za oda yako:" in body
        assert "Nambari ya muamala" in body and str(number) in body and "KSh 5,300" in body
    assert f"/sw/accounts/order-status/{purchases.order().number}/" in message.body


def test_password_email_is_in_swahili(reader: Reader) -> None:
    reader.sends("password-reset/", email=SHOPPER.email)

    assert mail.outbox[0].subject == "Nenosiri jipya la Duka la Pwani."
    assert "Fungua ukurasa huu uchague nenosiri jipya:" in mail.outbox[0].body
    assert reader.untranslated == {}


@pytest.mark.parametrize("language", ["en", "sw"])
def test_oscars_pages_omit_zero_cents(language: str) -> None:
    someone = Reader(language, MissingTranslations())

    basket = purchases.fills_the_basket(someone)

    assert {"KSh 2,350", "KSh 2,999", "KSh 5,049.10"} <= words(basket)
    assert ".00" not in " ".join(words(basket))


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize(
    ("amount", "written"),
    [("1500", "KSh 1,500"), ("1499.5", "KSh 1,499.50"), ("-150.00", "-KSh 150"), ("0", "KSh 0"), ("0.005", "KSh 0.01")],
)
def test_amounts_are_formatted_as_on_our_pages(language: str, amount: str, written: str) -> None:
    with translation.override(language):
        assert currency(amount, "KES") == written == ksh(Decimal(amount))


@pytest.mark.parametrize(("language", "written"), [("en", "25 November 2026, 15:34"), ("sw", "25 Novemba 2026, 15:34")])
def test_times_have_the_day_first_and_24_hours(language: str, written: str) -> None:
    with translation.override(language):
        assert date_format(datetime(2026, 11, 25, 15, 34), "DATETIME_FORMAT") == written  # noqa: DTZ001
