"""The phone form uses the phone that the shopper chose."""

from __future__ import annotations

import pytest

from oscar_mpesa.checkout.forms import PhoneForm
from oscar_mpesa.domain.phone import kenyan_mobile
from tests.shop import ANOTHER, PAYS


@pytest.mark.parametrize("typed", ["", "0708 374 149", "12345"], ids=["nothing", "another number", "a wrong number"])
def test_chosen_delivery_phone_ignores_a_typed_number(typed: str) -> None:
    form = PhoneForm({"which": "delivery", "phone_number": typed}, delivery_phone=ANOTHER)

    assert form.is_valid()
    assert form.cleaned_data["phone"] == ANOTHER


@pytest.mark.parametrize("which", ["another", ""])
def test_chosen_other_number_is_used(which: str) -> None:
    form = PhoneForm({"which": which, "phone_number": "0708 374 149"}, delivery_phone=ANOTHER)

    assert form.is_valid()
    assert form.cleaned_data["phone"] == PAYS


def test_order_without_delivery_phone_requires_a_number() -> None:
    form = PhoneForm({"which": "delivery", "phone_number": ""})

    assert not form.is_valid()
    assert form.errors["phone_number"] == ["Enter the M-PESA phone number."]


@pytest.mark.parametrize("number", [None, "", "+1 202 555 0100", "+254 20 1234567"])
def test_unsupported_delivery_phone_is_not_offered(number: str | None) -> None:
    assert kenyan_mobile(number) is None
