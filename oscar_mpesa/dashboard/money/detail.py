"""The page of one receipt, and the decisions about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.generic import TemplateView
from oscar.core.loading import get_model

from oscar_mpesa.access.staff_permissions import APPLY, EXPLAIN, RETURN
from oscar_mpesa.dashboard.dates import today
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.money.facts import facts_of, match_order, other_customer_message, phone_of
from oscar_mpesa.dashboard.money.forms import AllocateForm, RefundForm, ResolveForm
from oscar_mpesa.dashboard.money.messages import describe
from oscar_mpesa.dashboard.navigation import may_see_orders
from oscar_mpesa.dashboard.orders import order_number
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import Allocation, MpesaReceipt
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.services.exceptions import DecisionRefused, NoDecisionNeeded, RefundKnown
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund, resolve_receipt

Order = get_model("order", "Order")

#: The section of the page that has each form, and the flag that shows it.
SECTIONS = {
    "allocate_form": ("allocate", "may_allocate"),
    "refund_form": ("refund", "may_refund"),
    "resolve_form": ("resolve", "may_resolve"),
}


class CustomerNotAccepted(DecisionRefused):
    """Staff matched a receipt to another customer's order without accepting that."""

    sentence = gettext_noop("This order is somebody else's. Accept that, or choose another order.")


class ReceiptView(DashboardMixin, TemplateView):
    """One receipt; ``?order=`` shows an order to match it to, and changes nothing."""

    template_name = "oscar_mpesa/dashboard/money/detail.html"
    tab = "mpesa-receipts"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the receipt and the user's forms. Without ``?order=`` its own order is looked up."""
        receipt = get_object_or_404(receipts(), pk=kwargs["pk"])
        return self.page(receipt, searched=order_number(request.GET.get("order", "")) or _default_order(receipt))

    def page(self, receipt: MpesaReceipt, *, searched: str = "", **forms: Any) -> HttpResponse:
        """Render the page; a refused form among ``forms`` keeps its values, and the status is 422."""
        user = self.request.user
        is_open = receipt.allocation in NEEDS_DECISION
        may = {
            "may_allocate": is_open and receipt.returned_amount is None and user.has_perm(APPLY),
            "may_refund": (is_open or receipt.allocation == Allocation.APPLIED) and user.has_perm(RETURN),
            "may_resolve": receipt.needs_decision and user.has_perm(EXPLAIN),
        }
        match = match_order(receipt, searched) if searched and may["may_allocate"] else None
        if match and "allocate_form" not in forms:
            forms["allocate_form"] = AllocateForm(initial={"order": searched})
        forms.setdefault("refund_form", RefundForm(initial=_refund_initial(receipt), prefix="refund"))
        forms.setdefault("resolve_form", ResolveForm(prefix="resolve"))
        context = self.get_context_data(
            receipt=receipt,
            sentence=describe(receipt),
            is_undecidable=receipt.needs_decision and not any(may.values()),
            searched=searched,
            shows_orders=may_see_orders(user),
            match=match,
            **may,
            **forms,
        )
        context["facts"] = facts_of(receipt, shows_phones=context["shows_phones"])
        context["payer_phone"] = phone_of(receipt, shows_phones=context["shows_phones"])
        refused = _refused(forms, may)
        return self.render_to_response({**context, **refused}, status=422 if refused else 200)


class _DecisionView(ReceiptView):
    """A POST that makes one decision and redirects to the receipt, or shows the refused form again."""

    http_method_names = ["post"]
    form_class: Any
    name = ""
    prefix: str | None = None

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Decide once. A form sent twice shows that the decision is already made."""
        receipt = get_object_or_404(receipts(), pk=pk)
        form = self.form_class(request.POST, prefix=self.prefix)
        if not form.is_valid():
            return self.refused(receipt, form)
        try:
            message = self.decide(receipt, form)
        except (NoDecisionNeeded, RefundKnown) as refusal:
            messages.warning(request, _(refusal.sentence))
        except DecisionRefused as refusal:
            form.add_error(None, _(refusal.sentence))
            return self.refused(receipt, form)
        else:
            messages.success(request, message)
        return redirect("dashboard:mpesa-receipt", pk=pk)

    def refused(self, receipt: MpesaReceipt, form: Any) -> HttpResponse:
        """Render the page with the sent form and its errors."""
        return self.page(receipt, **{self.name: form})

    def decide(self, receipt: MpesaReceipt, form: Any) -> str:
        """Call the service and return the message for staff; may raise ``DecisionRefused``."""
        raise NotImplementedError


class AllocateReceiptView(_DecisionView):
    """Match a receipt to an order."""

    form_class, name = AllocateForm, "allocate_form"

    def refused(self, receipt: MpesaReceipt, form: Any) -> HttpResponse:
        """Render the page with the chosen order, so that staff can accept its difference."""
        searched = order_number(self.request.POST.get("order", ""))
        return self.page(receipt, searched=searched, allocate_form=form)

    def decide(self, receipt: MpesaReceipt, form: Any) -> str:
        """Match the receipt to the order with exactly the confirmed number."""
        order = get_object_or_404(Order, number=form.cleaned_data["order"])
        if other_customer_message(receipt, order) and not form.cleaned_data["accept_customer"]:
            raise CustomerNotAccepted(receipt.pk)
        allocate_receipt(
            receipt,
            order,
            by=self.request.user,
            note=form.cleaned_data["note"],
            accept_difference=form.cleaned_data["accept_difference"],
            now=timezone.now(),
        )
        return _("The money was matched to order %(number)s.") % {"number": order.number}


class RefundReceiptView(_DecisionView):
    """Record a refund that staff sent by hand."""

    form_class, name, prefix = RefundForm, "refund_form", "refund"

    def decide(self, receipt: MpesaReceipt, form: Any) -> str:
        """Record a full or partial refund."""
        values, now = form.cleaned_data, timezone.now()
        record_refund(
            receipt,
            amount=values["amount"],
            reference=values["reference"],
            note=values["note"],
            by=self.request.user,
            returned_at=form.returned_at(receipt, now),
            returned_before=values["returned_before"],
            seen_as=values["seen_as"],
            now=now,
        )
        return _("The refund of %(amount)s was recorded.") % {"amount": ksh(values["amount"])}


class ResolveReceiptView(_DecisionView):
    """Resolve a receipt with a note."""

    form_class, name, prefix = ResolveForm, "resolve_form", "resolve"

    def decide(self, receipt: MpesaReceipt, form: Any) -> str:
        """Resolve the receipt; it stays in the list."""
        resolve_receipt(receipt, note=form.cleaned_data["note"], by=self.request.user, now=timezone.now())
        return _("The money was resolved with a note.")


def receipts() -> QuerySet[MpesaReceipt]:
    """Return receipts with their orders and payments."""
    return MpesaReceipt.objects.select_related("order", "payment__mpesa_order__order")


def _refused(forms: dict[str, Any], may: dict[str, bool]) -> dict[str, Any]:
    """Return the refused form and the section that shows it, if any; {} if no form was sent."""
    for name, (section, flag) in SECTIONS.items():
        if name in forms and forms[name].is_bound:
            return {"refused": forms[name], "section": section if may[flag] else ""}
    return {}


def _refund_initial(receipt: MpesaReceipt) -> dict[str, Any]:
    """Return the form's values, with the receipt's state as staff see it now."""
    return {
        "day": today(timezone.now()),
        "amount": f"{receipt.rest:.2f}".removesuffix(".00"),
        "returned_before": receipt.amount - receipt.rest,
        "seen_as": receipt.allocation,
    }


def _default_order(receipt: MpesaReceipt) -> str:
    """Return the number of the receipt's own order; "" if that order is already paid."""
    order: Any = receipt.order
    return "" if order is None or receipt.allocation == Allocation.SURPLUS else order.number
