"""The forms of the decisions about money."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.dashboard.dates import DayField, today
from oscar_mpesa.dashboard.money.forms import DashboardForm, code_of
from oscar_mpesa.dashboard.orders import order_number
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaReceipt, ReceiptStatus, RefundPurpose

_NOON = time(12, 0)

#: What a refund of an order's money is for, as answers to the form's question.
PURPOSES = [
    (
        RefundPurpose.CREDIT.value,
        _("Yes, and pays less for it, such as for returned goods or a discount. The order owes less."),
    ),
    (
        RefundPurpose.PAYMENT_RETURNED.value,
        _("No, or this payment was wrong or made twice. The order still costs the same."),
    ),
]


class DecisionForm(DashboardForm):
    """A decision about money, with the reason that its services require."""

    note = forms.CharField(
        label=pgettext_lazy("label", "Why"),
        max_length=500,
        help_text=_("Such as: wrong order, typing error."),
    )


class OrderForm(DashboardForm):
    """The order that money is for; staff must accept another customer explicitly."""

    order = forms.CharField(label=pgettext_lazy("label", "Order number"), max_length=128)
    accept_customer = forms.BooleanField(required=False)

    def clean_order(self) -> str:
        """Return the number without the # that Oscar's dashboard writes before it."""
        return order_number(self.cleaned_data["order"])


class MatchForm(OrderForm):
    """Match a receipt, or a part of it, to an order."""

    amount = forms.DecimalField(
        label=_("Amount in KSh"),
        max_digits=12,
        decimal_places=2,
        min_value=Decimal("0.01"),
        required=False,
        help_text=_("Leave it empty to match as much as the order owes. Type less to keep a part for another order."),
    )
    note = forms.CharField(label=pgettext_lazy("label", "Note"), required=False, max_length=500)


class MoveForm(OrderForm):
    """Match money to another order than now."""

    note = forms.CharField(
        label=pgettext_lazy("label", "Why"), max_length=500, help_text=_("Such as: wrong order, typing error.")
    )


class RefundForm(DashboardForm):
    """A refund sent by hand. ``refunded_before`` and ``seen_as`` make sure that the form counts once."""

    day = DayField(label=pgettext_lazy("label", "Refunded on"))
    amount = forms.DecimalField(label=_("Amount in KSh"), max_digits=12, decimal_places=2)
    reference = forms.CharField(
        label=_("M-PESA code of the refund, or how it was sent"),
        max_length=128,
        help_text=_("Such as the code of your own M-PESA SMS."),
    )
    purpose = forms.ChoiceField(
        label=_("Does the customer keep the order?"),
        required=False,
        widget=forms.RadioSelect,
        choices=PURPOSES,
    )
    note = forms.CharField(label=pgettext_lazy("label", "Note"), required=False, max_length=500)
    refunded_before = forms.DecimalField(max_digits=12, decimal_places=2, widget=forms.HiddenInput())
    seen_as = forms.ChoiceField(choices=ReceiptStatus.choices, widget=forms.HiddenInput())
    sent = forms.BooleanField(
        label=_("The money has already been sent."),
        error_messages={"required": _("Send the refund first, then tick this.")},
    )

    @property
    def purpose_label(self) -> str:
        """Return the chosen answer; "" if none was asked for."""
        return str(dict(PURPOSES).get(self.cleaned_data["purpose"], ""))

    def happened_at(self, receipt: MpesaReceipt, now: datetime) -> datetime:
        """Return now for today; for other days noon, or the payment's moment if that is later on the same day."""
        day: date = self.cleaned_data["day"]
        if day == today(now):
            return now
        noon = datetime.combine(day, _NOON, NAIROBI)
        return max(noon, receipt.paid_at) if day == today(receipt.paid_at) else noon


class ResolveForm(DashboardForm):
    """Resolve a receipt with a note."""

    note = forms.CharField(
        label=pgettext_lazy("label", "Note"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as: settled at the counter. It stays in the list."),
    )
    settled = forms.BooleanField(
        label=_("Nothing more is owed to the payer."),
        error_messages={"required": _("Tick this if it is true. If not, match the money or refund it.")},
    )


class RecordPaymentForm(DashboardForm):
    """A payment that staff found in the M-PESA portal."""

    code = forms.CharField(label=_("M-PESA code"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    amount = forms.DecimalField(label=_("Amount in KSh"), max_digits=11, decimal_places=2, min_value=Decimal("0.01"))
    day = DayField(label=pgettext_lazy("label", "Paid on"))
    time = forms.TimeField(
        label=_("Paid at (Nairobi time)"),
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        input_formats=["%H:%M", "%H:%M:%S"],
    )
    order = forms.CharField(
        label=pgettext_lazy("label", "Order number"),
        max_length=128,
        help_text=_("Do not guess: this order becomes paid. Ask the payer, or look for the amount in Payments."),
    )
    note = forms.CharField(
        label=_("Where you saw it"), max_length=500, help_text=_("Such as: M-PESA portal, statement of 23 November.")
    )

    def clean_code(self) -> str:
        """Return the code in capitals."""
        return code_of(self.cleaned_data["code"])

    def clean_order(self) -> str:
        """Return the number without the # that Oscar's dashboard writes before it."""
        return order_number(self.cleaned_data["order"])

    @property
    def paid_at(self) -> datetime:
        """Return the day and time in Nairobi."""
        return datetime.combine(self.cleaned_data["day"], self.cleaned_data["time"], NAIROBI)
