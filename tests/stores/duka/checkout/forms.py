"""How to pay, and with which card."""

from __future__ import annotations

from django import forms
from oscar.apps.payment.forms import BankcardNumberField


class ChooserForm(forms.Form):
    """The shop's ways to pay; the second choice is the one line that the README asks for."""

    pay_with = forms.ChoiceField(choices=[("card", "Card"), ("mpesa", "M-PESA")], widget=forms.RadioSelect)


class CardForm(forms.Form):
    """A card's number; it is never written down, so the preview carries it along, hidden."""

    number = BankcardNumberField()
