"""The shop's views, M-Pesa first; its chooser asks for itself and needs nothing."""

from __future__ import annotations

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin
from tests.stores.duka.checkout import views
from tests.stores.duka.checkout.views import PaymentMethodView

__all__ = ["PaymentDetailsView", "PaymentMethodView"]


class PaymentDetailsView(MpesaPaymentDetailsMixin, views.PaymentDetailsView):
    """Cards, and M-Pesa."""
