"""The filters of the payment list, and the note about a closed order."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.dashboard.dates import FilterDayField, day_after, midnight
from oscar_mpesa.dashboard.search.payments import SearchResult, search
from oscar_mpesa.domain.money import MAXIMUM, MINIMUM
from oscar_mpesa.domain.phone import PhoneNumber, PhoneRefused
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.models.payments import STATUS_CHOICES

_ANY = ("", pgettext_lazy("label", "Any"))


class PaymentFilterForm(forms.Form):
    """Filters of the payment list and its export; days are in Nairobi, both included.

    Without ``shows_phones``, a phone is found by its last three digits only.
    """

    q = forms.CharField(
        required=False,
        max_length=500,
        label=pgettext_lazy("label", "Search"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "type": "search"}),
    )
    status = forms.ChoiceField(required=False, label=pgettext_lazy("label", "Status"), choices=[_ANY, *STATUS_CHOICES])
    since = FilterDayField(label=pgettext_lazy("label", "From day"))
    until = FilterDayField(label=pgettext_lazy("label", "To day"))
    amount = forms.IntegerField(required=False, label=_("Amount in KSh"), min_value=MINIMUM, max_value=MAXIMUM)
    environment = forms.ChoiceField(
        required=False, label=pgettext_lazy("label", "Environment"), choices=[_ANY, *EnvironmentField.CHOICES]
    )

    def __init__(self, *args: Any, shows_phones: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shows_phones = shows_phones
        self.fields["q"].help_text = (
            _("Order number or its end, M-PESA code, phone or its last three digits, name or email.")
            if shows_phones
            else _("Order number or its end, M-PESA code, last three digits of a phone, name or email.")
        )
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"

    def results(self) -> SearchResult:
        """Return the matching payments, unordered; none if a field is invalid."""
        if not self.is_valid():
            return SearchResult(payments=MpesaPayment.objects.none())
        values = self.cleaned_data
        lookups = {
            "status": values["status"],
            "environment": values["environment"],
            "amount": values["amount"],
            "created_at__gte": values["since"] and midnight(values["since"]),
            "created_at__lt": values["until"] and midnight(day_after(values["until"])),
        }
        payments = MpesaPayment.objects.filter(**{name: value for name, value in lookups.items() if value})
        return search(payments, values["q"], shows_phones=self.shows_phones)


class CloseOrderForm(forms.Form):
    """An optional note about why staff close an order."""

    prefix = "close"

    note = forms.CharField(
        required=False,
        max_length=500,
        label=pgettext_lazy("label", "Note (optional)"),
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )


class OtherNumberForm(forms.Form):
    """Another phone than the one that the page shows. ``cleaned_data["number"]`` is a ``PhoneNumber``."""

    prefix = "prompt"

    number = forms.CharField(
        required=False,
        max_length=40,
        label=_("Another M-PESA number"),
        widget=forms.TextInput(
            attrs={"class": "form-control", "type": "tel", "inputmode": "tel", "autocomplete": "off"}
        ),
    )

    def clean_number(self) -> PhoneNumber:
        """Return the phone. Raises ``ValidationError`` with what to correct."""
        try:
            return PhoneNumber.parse(self.cleaned_data["number"])
        except PhoneRefused as refusal:
            raise forms.ValidationError(gettext(refusal.sentence)) from refusal


class NoteForm(forms.Form):
    """A note that only staff read."""

    prefix = "internal"

    note = forms.CharField(
        max_length=500,
        label=pgettext_lazy("label", "Note for your colleagues"),
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 2, "maxlength": 500}),
        error_messages={"required": _("Write a note.")},
    )
