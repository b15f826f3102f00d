"""What a person has to write down before something is done about a payment."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def _note(*, required: bool, label: Any) -> forms.CharField:
    return forms.CharField(
        required=required,
        max_length=500,
        label=label,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        error_messages={"required": _("Write a note: who asked for it, and when.")},
    )


class BlockPhoneForm(forms.Form):
    """Why no request shall go to a number any more."""

    note = _note(required=True, label=_("Note: who asked for it, and when"))
    prefix = "block"


class CloseOrderForm(forms.Form):
    """Why an order is given up."""

    note = _note(required=False, label=_("Note (may stay empty)"))
    prefix = "close"
