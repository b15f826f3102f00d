"""The order that staff type into the form of a decision."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from oscar_mpesa.dashboard.money.facts import OrderFacts, describe_order, order_numbered
from oscar_mpesa.dashboard.viewer import Viewer
from oscar_mpesa.services.preview import Preview


class TypedOrderMixin:
    """Base of a ``DecisionView`` whose form has an order number. Stands before it."""

    viewer: Viewer
    order: Any = None

    def find(self, form: Any) -> bool:
        """Load the order with the typed number."""
        number = form.cleaned_data["order"]
        self.order = order_numbered(number)
        if self.order is None:
            form.add_error("order", _("No order has the number %(number)s. Search the orders.") % {"number": number})
        return self.order is not None

    def order_ids(self) -> list[int]:
        """Return the id of the typed order."""
        return [self.order.pk]

    def order_facts(self, seen: Preview) -> OrderFacts:
        """Return the typed order and what it owes."""
        effect = next(each for each in seen.orders if each.order.pk == self.order.pk)
        return describe_order(self.order, self.viewer, effect.before.balance)
