"""What the list of payments, and its export, are narrowed down to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.dashboard.dates import day_after, midnight
from oscar_mpesa.dashboard.days import FilterDayField
from oscar_mpesa.dashboard.search import Found, search
from oscar_mpesa.domain.money import MAXIMUM, MINIMUM
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.models.payments import STATUS_CHOICES

_ANY = ("", _("Any"))


class PaymentFilter(forms.Form):
    """The box above the list. Days are Nairobi's, both included; an empty field leaves everything in."""

    q = forms.CharField(
        required=False,
        max_length=128,
        label=_("Search"),
        help_text=_("Order number or its end, M-PESA code, phone or its last three digits, name or e-mail."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "type": "search"}),
    )
    status = forms.ChoiceField(required=False, label=_("Status"), choices=[_ANY, *STATUS_CHOICES])
    since = FilterDayField(label=_("From day"))
    until = FilterDayField(label=_("To day"))
    amount = forms.IntegerField(required=False, label=_("Amount in KSh"), min_value=MINIMUM, max_value=MAXIMUM)
    environment = forms.ChoiceField(required=False, label=_("Environment"), choices=[_ANY, *EnvironmentField.CHOICES])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"

    def found(self) -> Found:
        """What is asked for, in no order; nothing where a field is not understood."""
        if not self.is_valid():
            return Found(payments=MpesaPayment.objects.none())
        asked = self.cleaned_data
        wanted = {
            "status": asked["status"],
            "environment": asked["environment"],
            "amount": asked["amount"],
            "created_at__gte": asked["since"] and midnight(asked["since"]),
            "created_at__lt": asked["until"] and midnight(day_after(asked["until"])),
        }
        payments = MpesaPayment.objects.filter(**{name: value for name, value in wanted.items() if value})
        return search(payments, asked["q"])
