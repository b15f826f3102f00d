"""Forms for the method and for the card."""

from __future__ import annotations

from django import forms
from oscar.apps.payment.forms import BankcardNumberField

CHOICES = [("card", "Card"), ("mpesa", "M-PESA"), ("cash", "Cash on delivery")]


class ChooserForm(forms.Form):
    """The shop's methods. The second choice is the one from the README."""

    pay_with = forms.ChoiceField(choices=CHOICES, widget=forms.RadioSelect)


class CardForm(forms.Form):
    """A card's number. The shop does not store it, so the preview carries it in a hidden field."""

    number = BankcardNumberField()
