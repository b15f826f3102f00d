"""Cards as in the shop ``duka``, with Oscar's own step for the method."""

from __future__ import annotations

from tests.stores.duka.checkout.views import PaymentDetailsView

__all__ = ["PaymentDetailsView"]
