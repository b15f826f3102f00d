"""The note that staff write when they block or unblock a phone."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class BlockPhoneForm(forms.Form):
    """A required note: who asked for it, and when."""

    prefix = "block"

    note = forms.CharField(
        max_length=500,
        label=_("Note: who asked for it, and when"),
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        error_messages={"required": _("Write a note: who asked for it, and when.")},
    )
