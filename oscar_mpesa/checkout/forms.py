"""Forms of the checkout: the phone that gets the prompt."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.domain.phone import PhoneNumber, PhoneRefused

DELIVERY, ANOTHER = "delivery", "another"


class PhoneForm(forms.Form):
    """Choose a Kenyan mobile number: the delivery phone or a typed one.

    ``cleaned_data["phone"]`` is a ``PhoneNumber``. If the delivery phone is chosen, a typed number is ignored.
    """

    which = forms.ChoiceField(required=False, choices=[(DELIVERY, ""), (ANOTHER, "")])
    phone_number = forms.CharField(
        label=_("M-PESA phone number"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel", "placeholder": "07…"}),
    )

    def __init__(self, *args: Any, delivery_phone: PhoneNumber | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.delivery_phone = delivery_phone

    def clean(self) -> dict[str, Any]:
        """Turn the choice into a ``PhoneNumber``, or add an error to ``phone_number``."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.delivery_phone is not None and cleaned.get("which") == DELIVERY:
            cleaned["phone"] = self.delivery_phone
            return cleaned
        try:
            cleaned["phone"] = PhoneNumber.parse(cleaned.get("phone_number", ""))
        except PhoneRefused as refusal:
            self.add_error("phone_number", gettext(refusal.sentence))
        return cleaned
