"""The filters of the receipt list, and the decisions about receipts."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.dashboard.dates import DayField, FilterDayField, day_and_time, today
from oscar_mpesa.dashboard.orders import order_number, spellings
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.domain.receipt_number import ReceiptNumberRefused, receipt_number
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt

#: The filter's value for receipts that need a decision; its other values are allocations.
UNDECIDED = "needs-decision"

_NOON = time(12, 0)


class _DashboardForm(forms.Form):
    """A form in Oscar's style that ties help and errors to each input for screen readers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            is_checkbox = isinstance(field.widget, forms.CheckboxInput)
            field.widget.attrs["class"] = "form-check-input" if is_checkbox else "form-control"
            field.widget.attrs["aria-describedby"] = f"{self[name].auto_id}-help"


class ReceiptFilterForm(_DashboardForm):
    """Filters of the receipt list; an invalid filter shows its error and filters nothing."""

    allocation = forms.ChoiceField(
        label=pgettext_lazy("label", "Status"),
        required=False,
        choices=[
            ("", pgettext_lazy("label", "All money")),
            (UNDECIDED, pgettext_lazy("label", "needs attention")),
            *Allocation.choices,
        ],
    )
    since = FilterDayField(label=pgettext_lazy("label", "From day"))
    until = FilterDayField(label=pgettext_lazy("label", "To day"))
    code = forms.CharField(label=_("M-PESA code"), required=False, max_length=40)
    amount = forms.DecimalField(
        label=_("Amount in KSh"), required=False, min_value=Decimal("0.01"), max_digits=12, decimal_places=2
    )
    order = forms.CharField(label=pgettext_lazy("label", "Order number"), required=False, max_length=128)

    def clean_code(self) -> str:
        """Return the code in capitals; refuse part of a code, because it finds nothing."""
        return _code(self.cleaned_data["code"]) if self.cleaned_data["code"] else ""

    def clean_order(self) -> str:
        """Return the number without the # that Oscar's dashboard writes before it."""
        return order_number(self.cleaned_data["order"])


class AllocateForm(_DashboardForm):
    """Match a receipt to an order; staff must accept a difference or another customer explicitly."""

    order = forms.CharField(max_length=128, widget=forms.HiddenInput())
    accept_difference = forms.BooleanField(required=False)
    accept_customer = forms.BooleanField(required=False)
    note = forms.CharField(label=pgettext_lazy("label", "Note"), required=False, max_length=500)

    def clean_order(self) -> str:
        """Return the number without the # that Oscar's dashboard writes before it."""
        return order_number(self.cleaned_data["order"])


class RefundForm(_DashboardForm):
    """A refund sent by hand. ``returned_before`` and ``seen_as`` make sure that the form counts once."""

    day = DayField(label=pgettext_lazy("label", "Refunded on"))
    amount = forms.DecimalField(label=_("Amount in KSh"), max_digits=12, decimal_places=2)
    reference = forms.CharField(
        label=_("How, or its M-PESA code"), max_length=128, help_text=_("Such as the code of your own M-PESA SMS.")
    )
    note = forms.CharField(label=pgettext_lazy("label", "Note"), required=False, max_length=500)
    returned_before = forms.DecimalField(max_digits=12, decimal_places=2, widget=forms.HiddenInput())
    seen_as = forms.ChoiceField(choices=Allocation.choices, widget=forms.HiddenInput())
    sent = forms.BooleanField(
        label=_("The money has already been sent."),
        error_messages={"required": _("Send the refund first, then tick this.")},
    )

    def returned_at(self, receipt: MpesaReceipt, now: datetime) -> datetime:
        """Return now for today; for other days noon, or the payment's moment if that is later on the same day."""
        day: date = self.cleaned_data["day"]
        if day == today(now):
            return now
        noon = datetime.combine(day, _NOON, NAIROBI)
        return max(noon, receipt.paid_at) if day == today(receipt.paid_at) else noon


class ResolveForm(_DashboardForm):
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


class _PaymentField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice of the order's payments that have a prompt and no M-PESA code."""

    shows_phones = False

    def label_from_instance(self, obj: MpesaPayment) -> str:
        """Return the payment's phone, amount, time and status."""
        phone = obj.phone_number.grouped if self.shows_phones else obj.phone_number.masked
        return f"{phone}, {ksh(obj.amount)}, {day_and_time(obj.push_sent_at)}: {obj.get_status_display()}"


class RecordPaymentForm(_DashboardForm):
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
    payment = _PaymentField(
        label=_("Which payment it belongs to"),
        required=False,
        queryset=MpesaPayment.objects.none(),
        empty_label=pgettext_lazy("label", "Not known"),
        help_text=_(
            "If it is not known, the money is matched to the only payment without a result, if there is just one."
        ),
    )

    def __init__(self, *args: Any, shows_phones: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound:
            field: Any = self.fields["payment"]
            field.shows_phones = shows_phones
            field.queryset = _payments_without_code(order_number(self.data.get("order", "")))

    @cached_property
    def has_payments(self) -> bool:
        """Whether there are payments to choose from."""
        field: Any = self.fields["payment"]
        return bool(field.queryset.exists())

    def clean_code(self) -> str:
        """Return the code in capitals."""
        return _code(self.cleaned_data["code"])

    def clean_order(self) -> str:
        """Return the number without the # that Oscar's dashboard writes before it."""
        return order_number(self.cleaned_data["order"])

    @property
    def paid_at(self) -> datetime:
        """Return the day and time in Nairobi."""
        return datetime.combine(self.cleaned_data["day"], self.cleaned_data["time"], NAIROBI)


def _payments_without_code(number: str) -> QuerySet[MpesaPayment]:
    sent = MpesaPayment.objects.filter(mpesa_order__order__number__in=spellings(number)).exclude(push_sent_at=None)
    return sent.exclude(receipts__number__isnull=False)


def difference_message(receipt_amount: Decimal, total: Decimal) -> str:
    """Return the sentence that staff accept if the amount is not the total; "" if it is."""
    values = {"amount": ksh(receipt_amount), "total": ksh(total), "difference": ksh(abs(receipt_amount - total))}
    if receipt_amount < total:
        return gettext("Accept %(amount)s for this order of %(total)s: %(difference)s less than it costs.") % values
    if receipt_amount > total:
        return (
            gettext(
                "Accept %(amount)s for this order of %(total)s: %(difference)s more than it costs. "
                "Nothing is refunded automatically."
            )
            % values
        )
    return ""


def _code(text: str) -> str:
    try:
        return receipt_number(text.replace("\x00", ""))
    except ReceiptNumberRefused as refusal:
        raise forms.ValidationError(gettext(refusal.sentence)) from refusal
