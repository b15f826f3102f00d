"""The form on the payment-details page."""

from __future__ import annotations

from typing import Any

from django import forms
from oscar.apps.payment.forms import BankcardNumberField


class PaymentForm(forms.Form):
    """The method, and a card's number if the method is a card."""

    pay_with = forms.ChoiceField(
        choices=[("card", "Card"), ("mpesa", "M-PESA"), ("cash", "Cash")], widget=forms.RadioSelect
    )
    number = BankcardNumberField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("pay_with") == "card" and not cleaned.get("number"):
            self.add_error("number", "Enter the number of your card.")
        return cleaned
