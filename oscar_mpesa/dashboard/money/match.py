"""Match a receipt to an order, unmatch it, and move it to another order."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from oscar_mpesa.access.order_pages import may_see_orders
from oscar_mpesa.dashboard.money.decision_forms import DecisionForm, MatchForm, MoveForm
from oscar_mpesa.dashboard.money.decisions import DecisionView, with_link
from oscar_mpesa.dashboard.money.detail import about_receipt, receipts
from oscar_mpesa.dashboard.money.facts import (
    match_cautions,
    newer_orders,
    other_customer_message,
)
from oscar_mpesa.dashboard.money.forms import DashboardForm
from oscar_mpesa.dashboard.money.messages import entries_of
from oscar_mpesa.dashboard.money.typed_order import TypedOrderMixin
from oscar_mpesa.dashboard.orders import order_number
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaReceipt, ReceiptStatus
from oscar_mpesa.services.allocation import allocate, can_pay_orders, move_allocation, reverse_allocation
from oscar_mpesa.services.exceptions import DecisionRefused, OrderReturnedToBasket
from oscar_mpesa.services.preview import Preview


class ReceiptDecisionView(DecisionView):
    """A decision about one receipt, which its page shows afterwards."""

    money: MpesaReceipt

    def load(self, **kwargs: Any) -> None:
        """Load the receipt of the URL."""
        self.receipt = self.money = get_object_or_404(receipts(), pk=kwargs["pk"])

    def about(self, *, shows_phones: bool) -> dict[str, Any]:
        """Return what the receipt is."""
        return about_receipt(self.money, shows_phones=shows_phones)

    def effects(self, form: Any, seen: Preview) -> list[str]:
        """Return what the decision does. Other money can take its place: then the order still owes nothing."""
        losers = self.losers(form)
        still_paid = (each for each in seen.orders if each.after.is_paid and each.before.balance == each.after.balance)
        numbers = [each.order.number for each in still_paid if each.order.pk in losers]
        sentence = _("Other money that arrived for order %(number)s takes its place.")
        return [*super().effects(form, seen), *(sentence % {"number": number} for number in numbers)]

    def losers(self, form: Any) -> set[int]:
        """Return the ids of the orders that lose money by the decision, as long as no other money replaces it."""
        return set()

    def back(self) -> str:
        """Return the receipt's page."""
        return reverse("dashboard:mpesa-receipt", args=[self.money.pk])


class EntryDecisionView(ReceiptDecisionView):
    """A decision about one entry of a receipt; ``counts_for_order`` says of which kind."""

    entry: MpesaAllocation
    form_class: type[DashboardForm] = DecisionForm
    counts_for_order = True

    def load(self, **kwargs: Any) -> None:
        """Load the entry of the URL and its receipt. Entries of recorded payments have pages of their own."""
        entries = MpesaAllocation.objects.select_related("order")
        of_kind = entries.filter(receipt__isnull=False, order__isnull=not self.counts_for_order)
        self.entry = get_object_or_404(of_kind, pk=kwargs["pk"])
        super().load(pk=self.entry.receipt_id)

    def losers(self, form: Any) -> set[int]:
        """Return the order of the entry."""
        return {self.entry.order_id} if self.entry.order_id else set()

    def typed(self, form: Any) -> list[tuple[str, Any]]:
        """Return the amount, the order and the reason."""
        order: Any = self.entry.order
        return [
            (pgettext("label", "Amount"), ksh(self.entry.amount)),
            (pgettext("noun", "Order"), order.number if order else ""),
            (pgettext("label", "Why"), form.cleaned_data["note"]),
        ]


class OrderChoice(TypedOrderMixin, ReceiptDecisionView):
    """A decision about a receipt and an order that staff type."""

    def acceptance(self) -> str:
        """Return the sentence about another customer."""
        return other_customer_message(self.money, self.order, self.viewer)

    def cautions(self, form: Any) -> list[str]:
        """Return warnings about other money of the order."""
        return list(match_cautions(self.money, self.order))

    def refused(self, form: Any, refusal: DecisionRefused) -> Any:
        """Show the form with the refusal; for items back in the basket, with the customer's newer orders."""
        if not isinstance(refusal, OrderReturnedToBasket):
            return super().refused(form, refusal)
        form.add_error(None, _(refusal.sentence))
        return self.page(form, **_newer_orders(self.order))

    def about(self, *, shows_phones: bool) -> dict[str, Any]:
        """Add whether the user may look for orders."""
        return {**super().about(shows_phones=shows_phones), "shows_orders": may_see_orders(self.request.user)}


class AllocateReceiptView(OrderChoice):
    """Match a receipt, or a part of it, to an order. ``?order=`` fills in the order's number."""

    form_class = MatchForm
    heading = gettext_lazy("Match it to an order")
    button = gettext_lazy("Match it to this order")
    intro = gettext_lazy("Type the number of the order that this money is for. The next page shows that order.")

    def initial(self) -> dict[str, Any]:
        """Return the number in the URL, or that of the order that the money is meant for."""
        asked = order_number(self.request.GET.get("order", ""))
        return {"order": asked or _default_order(self.money), "amount": self.request.GET.get("amount", "")}

    def page(self, form: Any, **more: Any) -> HttpResponse:
        """Show the form. If the money came for an order whose items went back to the basket, say so at once."""
        order, is_asked = self.money.meant_for, "order" in self.request.GET
        if not form.is_bound and not is_asked and _is_back_in_basket(order):
            more = {**_newer_orders(order), "basket_sentence": _(OrderReturnedToBasket.sentence)}
        return super().page(form, **more)

    def typed(self, form: Any) -> list[tuple[str, Any]]:
        """Return the note."""
        return [(pgettext("label", "Note"), form.cleaned_data["note"])]

    def effects(self, form: Any, seen: Preview) -> list[str]:
        """Return how much is matched, and what that does."""
        values = {"amount": ksh(seen.result.amount), "number": self.order.number}
        return [_("%(amount)s will be matched to order %(number)s.") % values, *super().effects(form, seen)]

    def decide(self, form: Any, now: datetime) -> MpesaAllocation:
        """Match the money."""
        values = form.cleaned_data
        part = values["amount"]
        return allocate(self.money, self.order, amount=part, by=self.request.user, note=values["note"], now=now)

    def done(self, form: Any, result: MpesaAllocation) -> str:
        """Return what was matched, with a link that unmatches it."""
        sentence = _("%(amount)s was matched to order %(number)s.")
        values = {"amount": ksh(result.amount), "number": self.order.number}
        url = reverse("dashboard:mpesa-entry-unmatch", args=[result.pk])
        return with_link(sentence % values, url, pgettext("button", "Unmatch it"))


class UnmatchView(EntryDecisionView):
    """Unmatch money from an order."""

    heading = gettext_lazy("Unmatch it from its order")
    button = pgettext_lazy("button", "Unmatch it")
    intro = gettext_lazy(
        "The money stays in the shop, and no longer counts for the order. It is not used for that "
        "order again by itself."
    )

    def decide(self, form: Any, now: datetime) -> MpesaReceipt:
        """Unmatch the money."""
        return reverse_allocation(self.entry, by=self.request.user, note=form.cleaned_data["note"], now=now)

    def done(self, form: Any, result: MpesaReceipt) -> str:
        """Return what was unmatched, with a link that matches it again."""
        number = self.entry.order.number if self.entry.order else ""
        url = reverse("dashboard:mpesa-receipt-allocate", args=[result.pk]) + f"?{urlencode({'order': number})}"
        sentence = _("The money was unmatched from order %(number)s.") % {"number": number}
        return with_link(sentence, url if can_pay_orders(result) else "", pgettext("button", "Match it again"))


class MoveView(EntryDecisionView, OrderChoice):
    """Match money of one order to another order, in one step. ``?order=`` fills in the other order's number."""

    form_class = MoveForm
    heading = gettext_lazy("Move it to another order")
    button = gettext_lazy("Move it to this order")
    intro = gettext_lazy("Type the number of the order that this money is really for. The next page shows that order.")

    def initial(self) -> dict[str, Any]:
        """Return the number in the URL."""
        return {"order": order_number(self.request.GET.get("order", ""))}

    def typed(self, form: Any) -> list[tuple[str, Any]]:
        """Return the order that has the money now, and the reason."""
        now_for = self.entry.order.number if self.entry.order else ""
        return [(_("Order that has it now"), now_for), (pgettext("label", "Why"), form.cleaned_data["note"])]

    def effects(self, form: Any, seen: Preview) -> list[str]:
        """Return how much is moved, and what that does to both orders."""
        values = {"amount": ksh(seen.result.amount), "number": self.order.number}
        return [_("%(amount)s will be moved to order %(number)s.") % values, *super().effects(form, seen)]

    def decide(self, form: Any, now: datetime) -> MpesaAllocation:
        """Move the money."""
        note = form.cleaned_data["note"]
        return move_allocation(self.entry, self.order, by=self.request.user, note=note, now=now)

    def done(self, form: Any, result: MpesaAllocation) -> str:
        """Return what was moved. If it is all, a link moves it back: of a part, the other part would stay unmatched."""
        values = {"amount": ksh(result.amount), "number": self.order.number}
        before = urlencode({"order": self.entry.order.number if self.entry.order else ""})
        url = reverse("dashboard:mpesa-entry-move", args=[result.pk]) + f"?{before}"
        sentence = _("%(amount)s was moved to order %(number)s.") % values
        is_all = result.amount == entries_of(self.money).free(self.entry)
        return with_link(sentence, url if is_all else "", pgettext("button", "Move it back"))


def _default_order(receipt: MpesaReceipt) -> str:
    """Return the number of the order that the receipt is meant for; "" if that order is already paid.

    If its items went back to the basket, it is the customer's newest order after it, if there is one.
    """
    order: Any = receipt.meant_for
    if order is None or receipt.status == ReceiptStatus.OVERPAID:
        return ""
    if _is_back_in_basket(order):
        return next(iter(newer_orders(order)), "")
    return str(order.number)


def _is_back_in_basket(order: Any) -> bool:
    """Return whether the order's items went back to the customer's basket."""
    return order is not None and MpesaOrder.objects.filter(pk=order.pk, basket_restored_at__isnull=False).exists()


def _newer_orders(order: Any) -> dict[str, Any]:
    """Return links that fill in the customer's newer orders, for the form's page."""
    links = [(number, f"?{urlencode({'order': number})}") for number in newer_orders(order)]
    return {"newer_orders": links, "is_basket_restored": True}
