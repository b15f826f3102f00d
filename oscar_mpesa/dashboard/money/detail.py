"""One arrival of money: what it is, what may be done about it, and the decisions themselves."""

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
from oscar_mpesa.dashboard.money.facts import facts_of, found_order, phone_of, somebody_elses
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

#: Where on the page each form stands, if its permission and the money's state let it.
SECTIONS = {
    "apply_form": ("use", "may_apply"),
    "return_form": ("return", "may_return"),
    "explain_form": ("close", "may_explain"),
}


class CustomerNotAccepted(DecisionRefused):
    """The order is another customer's than the one that the money came for."""

    sentence = gettext_noop("This order is somebody else's. Accept that, or choose another order.")


class ReceiptView(DashboardMixin, TemplateView):
    """The page of one receipt; ``?order=`` looks for an order to use it for, and changes nothing."""

    template_name = "oscar_mpesa/dashboard/money/detail.html"
    tab = "mpesa-receipts"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What it is, and the forms of what this person may do; the order it came for is looked up first."""
        receipt = get_object_or_404(receipts(), pk=kwargs["pk"])
        return self.page(receipt, searched=order_number(request.GET.get("order", "")) or _came_for(receipt))

    def page(self, receipt: MpesaReceipt, *, searched: str = "", **forms: Any) -> HttpResponse:
        """The page; with a form that was refused among ``forms``, filled in as it was sent, and a 422."""
        user = self.request.user
        is_open = receipt.allocation in NEEDS_DECISION
        may = {
            "may_apply": is_open and receipt.returned_amount is None and user.has_perm(APPLY),
            "may_return": (is_open or receipt.allocation == Allocation.APPLIED) and user.has_perm(RETURN),
            "may_explain": receipt.needs_decision and user.has_perm(EXPLAIN),
        }
        found = found_order(receipt, searched) if searched and may["may_apply"] else None
        if found and "apply_form" not in forms:
            forms["apply_form"] = AllocateForm(initial={"order": searched})
        forms.setdefault("return_form", RefundForm(initial=_as_seen(receipt), prefix="return"))
        forms.setdefault("explain_form", ResolveForm(prefix="close"))
        context = self.get_context_data(
            receipt=receipt,
            sentence=describe(receipt),
            is_undecidable=receipt.needs_decision and not any(may.values()),
            searched=searched,
            shows_orders=may_see_orders(user),
            found=found,
            **may,
            **forms,
        )
        context["facts"] = facts_of(receipt, shows_phones=context["shows_phones"])
        context["payer_phone"] = phone_of(receipt, shows_phones=context["shows_phones"])
        refused = _refused(forms, may)
        return self.render_to_response({**context, **refused}, status=422 if refused else 200)


class _DecisionView(ReceiptView):
    """A decision: POST only, one verb, and back to the page; what is refused is said there, as it was typed."""

    http_method_names = ["post"]
    form_class: Any
    name = ""
    prefix: str | None = None

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Decide once; a form that is sent twice finds the decision made, and is told so."""
        receipt = get_object_or_404(receipts(), pk=pk)
        form = self.form_class(request.POST, prefix=self.prefix)
        if not form.is_valid():
            return self.refused(receipt, form)
        try:
            done = self.decide(receipt, form)
        except (NoDecisionNeeded, RefundKnown) as refusal:
            messages.warning(request, _(refusal.sentence))
        except DecisionRefused as refusal:
            form.add_error(None, _(refusal.sentence))
            return self.refused(receipt, form)
        else:
            messages.success(request, done)
        return redirect("dashboard:mpesa-receipt", pk=pk)

    def refused(self, receipt: MpesaReceipt, form: Any) -> HttpResponse:
        """The page with the form as it was sent, and why not."""
        return self.page(receipt, **{self.name: form})

    def decide(self, receipt: MpesaReceipt, form: Any) -> str:
        """Call the verb; say what was done. Raises ``DecisionRefused``."""
        raise NotImplementedError


class AllocateReceiptView(_DecisionView):
    """Use money for an order."""

    form_class, name = AllocateForm, "apply_form"

    def refused(self, receipt: MpesaReceipt, form: Any) -> HttpResponse:
        """With the order that was chosen, so that its difference can be accepted."""
        searched = order_number(self.request.POST.get("order", ""))
        return self.page(receipt, searched=searched, apply_form=form)

    def decide(self, receipt: MpesaReceipt, form: Any) -> str:
        """The order is looked up by its number, as it was confirmed."""
        order = get_object_or_404(Order, number=form.cleaned_data["order"])
        if somebody_elses(receipt, order) and not form.cleaned_data["accept_customer"]:
            raise CustomerNotAccepted(receipt.pk)
        allocate_receipt(
            receipt,
            order,
            by=self.request.user,
            note=form.cleaned_data["note"],
            accept_difference=form.cleaned_data["accept_difference"],
            now=timezone.now(),
        )
        return _("The money was used for order %(number)s.") % {"number": order.number}


class RefundReceiptView(_DecisionView):
    """Write down that money was sent back."""

    form_class, name, prefix = RefundForm, "return_form", "return"

    def decide(self, receipt: MpesaReceipt, form: Any) -> str:
        """In whole or in part."""
        told, now = form.cleaned_data, timezone.now()
        record_refund(
            receipt,
            amount=told["amount"],
            reference=told["reference"],
            note=told["note"],
            by=self.request.user,
            returned_at=form.returned_at(receipt, now),
            returned_before=told["returned_before"],
            seen_as=told["seen_as"],
            now=now,
        )
        return _("The return of %(amount)s was written down.") % {"amount": ksh(told["amount"])}


class ResolveReceiptView(_DecisionView):
    """Close money with a note."""

    form_class, name, prefix = ResolveForm, "explain_form", "close"

    def decide(self, receipt: MpesaReceipt, form: Any) -> str:
        """It stays in the list, closed."""
        resolve_receipt(receipt, note=form.cleaned_data["note"], by=self.request.user, now=timezone.now())
        return _("The money was closed with a note.")


def receipts() -> QuerySet[MpesaReceipt]:
    """With all that the page tells of."""
    return MpesaReceipt.objects.select_related("order", "payment__mpesa_order__order")


def _refused(forms: dict[str, Any], may: dict[str, bool]) -> dict[str, Any]:
    """The form that was refused, and the section that shows it, if one does; nothing where none was sent."""
    for name, (section, may_be_shown) in SECTIONS.items():
        if name in forms and forms[name].is_bound:
            return {"refused": forms[name], "section": section if may[may_be_shown] else ""}
    return {}


def _as_seen(receipt: MpesaReceipt) -> dict[str, Any]:
    rest = f"{receipt.rest:.2f}".removesuffix(".00")
    seen = {"returned_before": receipt.amount - receipt.rest, "seen_as": receipt.allocation}
    return {"day": today(timezone.now()), "amount": rest, **seen}


def _came_for(receipt: MpesaReceipt) -> str:
    """The order that a search begins with: the one it came for, unless that was paid already."""
    order: Any = receipt.order
    return "" if order is None or receipt.allocation == Allocation.SURPLUS else order.number
