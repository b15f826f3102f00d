"""The shop's views with the M-PESA mixins first."""

from __future__ import annotations

from oscar.apps.checkout import views as core

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin, MpesaPaymentMethodMixin
from tests.stores.paypal.checkout import views


class PaymentMethodView(MpesaPaymentMethodMixin, core.PaymentMethodView):
    """Choose between M-PESA, PayPal and cards."""


class PaymentDetailsView(MpesaPaymentDetailsMixin, views.PaymentDetailsView):
    """Take cards and M-PESA."""
