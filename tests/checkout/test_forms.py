"""Whose phone gets the request: the shopper's choice counts."""

from __future__ import annotations

import pytest

from oscar_mpesa.checkout.forms import PhoneForm, kenyan_mobile
from tests.shop import ANOTHER, PAYS


@pytest.mark.parametrize("typed", ["", "0708 374 149", "12345"], ids=["nothing", "another number", "a wrong number"])
def test_the_delivery_phone_is_taken_if_it_is_chosen_whatever_was_typed_before(typed: str) -> None:
    form = PhoneForm({"which": "delivery", "phone_number": typed}, delivery_phone=ANOTHER)

    assert form.is_valid()
    assert form.cleaned_data["phone"] == ANOTHER


@pytest.mark.parametrize("which", ["another", ""])
def test_another_number_is_taken_if_it_is_chosen(which: str) -> None:
    form = PhoneForm({"which": which, "phone_number": "0708 374 149"}, delivery_phone=ANOTHER)

    assert form.is_valid()
    assert form.cleaned_data["phone"] == PAYS


def test_an_order_without_a_delivery_phone_needs_a_number() -> None:
    form = PhoneForm({"which": "delivery", "phone_number": ""})

    assert not form.is_valid()
    assert form.errors["phone_number"] == ["Enter the M-PESA phone number."]


@pytest.mark.parametrize("number", [None, "", "+1 202 555 0100", "+254 20 1234567"])
def test_an_address_whose_phone_cannot_be_prompted_offers_none(number: str | None) -> None:
    assert kenyan_mobile(number) is None
