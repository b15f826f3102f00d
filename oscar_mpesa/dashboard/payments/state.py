"""Tell the script of a payment's page whether the payment has changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from oscar_mpesa.models import MpesaPayment


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentState:
    """A text that changes with the payment or its order, and whether a result is still to come."""

    version: str
    is_open: bool


@method_decorator(never_cache, name="dispatch")
class PaymentStateView(View):
    """Answer ``{"version", "open"}``. Changes nothing, and does not query Safaricom."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, pk: int) -> JsonResponse:
        """Return the state of a payment, from one query. Raises ``Http404``."""
        payments = MpesaPayment.objects.select_related("mpesa_order__order")
        payment: Any = payments.annotate(newest=Max("mpesa_order__payments__id")).filter(pk=pk).first()
        if payment is None:
            raise Http404
        state = payment_state(payment, newest=payment.newest, now=timezone.now())
        return JsonResponse({"version": state.version, "open": state.is_open})


def payment_state(payment: MpesaPayment, *, newest: int, now: datetime) -> PaymentState:
    """Return the state of a payment that is loaded with its order; ``newest`` is the id of the order's last payment."""
    order = payment.mpesa_order
    facts = (payment.status, payment.result_code, payment.push_sent_at, payment.ended_at, payment.confirming_since)
    of_order = (order.revision, order.closed_at, order.order.status, newest)
    version = "|".join(str(each) for each in (*facts, *of_order))
    return PaymentState(version=version, is_open=payment.is_live or payment.is_confirming(now))
