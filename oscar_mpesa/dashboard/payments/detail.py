"""The page of one payment: the summary, the customer's page, the actions, the facts and the timeline."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from oscar_mpesa.access.staff_permissions import ACT, BLOCK, RECORD, RELEASE
from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.daraja.redaction import redact, redact_checkout_id
from oscar_mpesa.dashboard.blocked_phones.forms import BlockPhoneForm
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.navigation import may_see_orders
from oscar_mpesa.dashboard.payments.forms import CloseOrderForm
from oscar_mpesa.dashboard.payments.summary import payment_summary
from oscar_mpesa.dashboard.payments.timeline import timeline
from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.payment_page.money import order_money
from oscar_mpesa.payment_page.page import PaymentPage, payment_page
from oscar_mpesa.payment_page.queries import payments_of_same_order


@method_decorator(never_cache, name="dispatch")
class PaymentView(DashboardMixin, TemplateView):
    """One payment; the page changes nothing and does not query Safaricom."""

    template_name = "oscar_mpesa/dashboard/payments/detail.html"
    tab = "mpesa-payments"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add everything on the page; raises ``Http404`` if there is no such payment."""
        context = super().get_context_data(**kwargs)
        payments = payments_of_same_order(kwargs["pk"])
        payment = next((each for each in payments if each.pk == kwargs["pk"]), None)
        if payment is None:
            raise Http404
        shows_phones = context["shows_phones"]
        phone = payment.phone_number.grouped if shows_phones else payment.phone_number.masked
        return {
            **context,
            **self._payment_context(payment, newest=payments[0], phone=phone, shows_phones=shows_phones),
            "payment": payment,
            "phone": phone,
            "checkout_id": _checkout_id(payment, shows_phones=shows_phones),
            "result_description": redact(payment.result_description, shows_phones=shows_phones),
            "is_awaiting_payment": payment.mpesa_order.is_awaiting_payment,
            "is_test": payment.environment != PRODUCTION,
            "others": [each for each in payments if each is not payment],
            "newest": payments[0],
            "shows_orders": may_see_orders(self.request.user),
            "block_form": BlockPhoneForm(),
            "close_form": CloseOrderForm(),
        }

    def _payment_context(
        self, payment: MpesaPayment, *, newest: MpesaPayment, phone: str, shows_phones: bool
    ) -> dict[str, Any]:
        """Return the customer's page of the order, and the payment's receipts, timeline and actions."""
        now, money = timezone.now(), order_money(payment.mpesa_order_id)
        page = payment_page(newest, now=now, shows_number=shows_phones, money=money)
        receipts = money.receipts_of(payment)
        others = [each for each in (*money.kept, *money.decided) if each not in receipts]
        return {
            "page": page,
            "shows_number": shows_phones,
            "summary": payment_summary(payment, page, receipts, newest=newest, phone=phone, shows_phones=shows_phones),
            "receipts": receipts,
            "other_receipts": others,
            "undecided": [each for each in money.kept if _is_undecided(each, payment)],
            "timeline": timeline(payment, receipts, shows_phones=shows_phones),
            "may": self._may(payment, page),
        }

    def _may(self, payment: MpesaPayment, page: PaymentPage) -> dict[str, bool]:
        """Return which actions to show; the services check permissions and states again."""
        user = self.request.user
        may_act = user.has_perm(ACT)
        return {
            "check_status": may_act
            and payment.checkout_request_id is not None
            and not payment.is_paid
            and not payment.on_hold,
            "send_prompt": may_act and page.can_retry,
            "record": user.has_perm(RECORD) and (not page.state.has_money or not page.receipt_number),
            "close": user.has_perm(RELEASE) and payment.mpesa_order.is_awaiting_payment,
            "block": user.has_perm(BLOCK) and not getattr(payment, "is_blocked", False),
        }


def _is_undecided(receipt: MpesaReceipt, payment: MpesaPayment) -> bool:
    """Return ``receipt.needs_decision`` by the payment's order, without another query."""
    is_cancelled = payment.mpesa_order.order.status == get_settings().CANCELLED_STATUS
    return receipt.allocation in NEEDS_DECISION or (is_cancelled and receipt.allocation == Allocation.APPLIED)


def _checkout_id(payment: MpesaPayment, *, shows_phones: bool) -> str:
    """Return the checkout id; its end, which contains the phone, is masked if necessary."""
    checkout_id = payment.checkout_request_id or ""
    return checkout_id if shows_phones else redact_checkout_id(checkout_id)
