"""The search page: orders, payments and money that match one term."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView
from oscar.core.loading import get_model

from oscar_mpesa.access.order_pages import may_see_orders
from oscar_mpesa.access.phone_search import is_hidden_number
from oscar_mpesa.access.staff_permissions import ACT
from oscar_mpesa.dashboard.links import link
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.orders import searched_numbers
from oscar_mpesa.dashboard.payments.queries import with_customers, with_receipts
from oscar_mpesa.dashboard.search.payments import SearchResult, search
from oscar_mpesa.dashboard.search.terms import cleaned, code_of, is_message
from oscar_mpesa.models import MpesaClaim, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.reports.customers import name_or_email_of

Order = get_model("order", "Order")

#: The most results of each group.
MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOrder:
    """An order with its customer, "" for users who may not see orders, and what it still owes, None if unknown."""

    number: str
    url: str
    customer: str
    has_mpesa: bool
    is_paid: bool
    is_closed: bool
    owed: Decimal | None


@method_decorator(never_cache, name="dispatch")
class SearchView(DashboardMixin, TemplateView):
    """Search orders, payments and money; the newest ten of each."""

    template_name = "oscar_mpesa/dashboard/search/results.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the results of ``?q=``. At most ten queries of its own, however many rows match."""
        context = super().get_context_data(**kwargs)
        user, term, shows_phones = self.request.user, cleaned(self.request.GET.get("q", "")), context["shows_phones"]
        result = search(MpesaPayment.objects.all(), term, shows_phones=shows_phones) if term else None
        payments = _newest(result)
        code = code_of(term)
        receipts, claims = _money_of(code)
        return {
            **context,
            "term": term,
            "results": result,
            "orders": _orders(term, payments, user),
            "payments": [(payment, _phone(payment, shows_phones=shows_phones)) for payment in payments],
            "all_payments": f"{reverse('dashboard:mpesa-payments')}?" if len(payments) == MOST else "",
            "receipts": receipts,
            "claims": claims,
            "unknown_code": code if code and not (receipts or claims or payments) else "",
            "record_url": link(user, "dashboard:mpesa-record"),
            "has_hidden_number": bool(result and result.has_hidden_number) or (not shows_phones and _is_hidden(term)),
        }


def _is_hidden(term: str) -> bool:
    return bool(term) and not is_message(term) and is_hidden_number(term)


def _newest(result: SearchResult | None) -> list[MpesaPayment]:
    if result is None:
        return []
    return list(with_customers(with_receipts(result.payments)).order_by("-created_at", "-pk")[:MOST])


def _phone(payment: MpesaPayment, *, shows_phones: bool) -> str:
    return payment.phone_number.grouped if shows_phones else payment.phone_number.masked


def _orders(term: str, payments: list[MpesaPayment], user: Any) -> list[FoundOrder]:
    """Return the orders with this number, also without M-PESA for users who may act, and those of the payments."""
    if not term:
        return []
    numbered = Order.objects.filter(number__in=searched_numbers(term)).values_list("pk", flat=True)
    pks = {payment.mpesa_order_id for payment in payments} | set(numbered[:MOST])
    found = Order.objects.filter(pk__in=pks).select_related("mpesa", "user", "shipping_address", "billing_address")
    if not user.has_perm(ACT):
        found = found.exclude(mpesa=None)
    shows_customers = may_see_orders(user)
    return [_found(order, shows_customers=shows_customers) for order in found.order_by("-pk")[:MOST]]


def _found(order: Any, *, shows_customers: bool) -> FoundOrder:
    mpesa_order = getattr(order, "mpesa", None)
    return FoundOrder(
        number=order.number,
        url=reverse("dashboard:mpesa-order", args=[order.pk]),
        customer=name_or_email_of(order) if shows_customers else "",
        has_mpesa=mpesa_order is not None,
        is_paid=mpesa_order is not None and mpesa_order.is_paid,
        is_closed=mpesa_order is not None and mpesa_order.is_closed,
        owed=mpesa_order.balance if mpesa_order is not None else None,
    )


def _money_of(code: str) -> tuple[list[MpesaReceipt], list[MpesaClaim]]:
    """Return the receipts and the recorded payments with this code."""
    if not code:
        return [], []
    environments = [value for value, _ in EnvironmentField.CHOICES]  # the index begins with the environment
    receipts = MpesaReceipt.objects.filter(environment__in=environments, number=code).select_related("meant_for")
    claims = MpesaClaim.objects.filter(environment__in=environments, number=code).select_related("order")
    return list(receipts.order_by("-pk")[:MOST]), list(claims.order_by("-pk")[:MOST])
