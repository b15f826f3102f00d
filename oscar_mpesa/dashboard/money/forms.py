"""The filters of the receipt list, and the field for M-PESA codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.dashboard.dates import FilterDayField
from oscar_mpesa.dashboard.orders import order_number
from oscar_mpesa.domain.receipt_number import ReceiptNumberRefused, receipt_number
from oscar_mpesa.models import ReceiptStatus

#: The filter's value for receipts that need a decision; its other values are statuses.
UNDECIDED = "needs-decision"


class DashboardForm(forms.Form):
    """A form in Oscar's style that ties help and errors to each input for screen readers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            is_box = isinstance(field.widget, (forms.CheckboxInput, forms.RadioSelect))
            field.widget.attrs["class"] = "form-check-input" if is_box else "form-control"
            field.widget.attrs["aria-describedby"] = f"{self[name].auto_id}-help"

    def mark_errors(self) -> None:
        """Mark the invalid inputs, and let the browser focus the first one if no error is of the whole form."""
        invalid = [self.fields[name].widget.attrs for name in self.fields if name in self.errors]
        for attrs in invalid:
            attrs["aria-invalid"] = "true"
        if invalid and not self.non_field_errors():
            invalid[0]["autofocus"] = True


class ReceiptFilterForm(DashboardForm):
    """Filters of the receipt list; an invalid filter shows its error and filters nothing."""

    status = forms.ChoiceField(
        label=pgettext_lazy("label", "Status"),
        required=False,
        choices=[
            ("", pgettext_lazy("label", "All money")),
            (UNDECIDED, pgettext_lazy("label", "needs attention")),
            *ReceiptStatus.choices,
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
        return code_of(self.cleaned_data["code"]) if self.cleaned_data["code"] else ""

    def clean_order(self) -> str:
        """Return the number without the # that Oscar's dashboard writes before it."""
        return order_number(self.cleaned_data["order"])


def code_of(text: str) -> str:
    """Return an M-PESA code in capitals; raise ``ValidationError`` if it is none."""
    try:
        return receipt_number(text.replace("\x00", ""))
    except ReceiptNumberRefused as refusal:
        raise forms.ValidationError(gettext(refusal.sentence)) from refusal
