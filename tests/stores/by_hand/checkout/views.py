"""The shop's views with the M-PESA mixins first. Its chooser needs none."""

from __future__ import annotations

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin
from tests.stores.duka.checkout import views
from tests.stores.duka.checkout.views import PaymentMethodView

__all__ = ["PaymentDetailsView", "PaymentMethodView"]


class PaymentDetailsView(MpesaPaymentDetailsMixin, views.PaymentDetailsView):
    """Take cards and M-PESA."""
