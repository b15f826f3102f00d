"""Tell shoppers that the shop changed its currency since they filled their basket."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext

from oscar_mpesa.oscar_adapter.basket_currency import use_shillings


class BasketCurrencyMixin:
    """Base of both mixins of the checkout: M-PESA is offered by the currency that the prices have today."""

    request: HttpRequest

    def build_submission(self, **kwargs: Any) -> dict[str, Any]:
        """Bring the basket into shillings before Oscar adds it up, and say so once."""
        if use_shillings(self.request.basket):  # type: ignore[attr-defined]
            text = gettext("Our prices are in Kenya shillings now. Please double-check the total before you pay.")
            messages.info(self.request, text)
        submission: dict[str, Any] = super().build_submission(**kwargs)  # type: ignore[misc]
        return submission
