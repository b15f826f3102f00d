"""A card's number, which the shops' own forms ask for."""

from __future__ import annotations

from django import forms
from oscar.apps.payment.forms import BankcardNumberField


class CardForm(forms.Form):
    """Ask for a card."""

    number = BankcardNumberField()
