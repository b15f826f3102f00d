"""The way in: one entry in Oscar's dashboard menu, and the tabs that lead from page to page of the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from oscar.views.decorators import check_permissions

from oscar_mpesa.dashboard.permissions import NOBODY_ELSE, PERMISSIONS

ENTRY = {"label": _("M-Pesa"), "icon": "fas fa-mobile-alt", "url_name": "dashboard:mpesa-overview"}

#: Name of the URL and what its tab says.
TABS = [
    ("mpesa-overview", _("Overview")),
    ("mpesa-payments", _("Payments")),
    ("mpesa-receipts", _("Money received")),
    ("mpesa-record", _("Record a payment")),
    ("mpesa-callbacks", _("Callbacks")),
    ("mpesa-setup", _("Set-up")),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One page of the desk that this person may open."""

    label: Any
    url: str
    is_current: bool


def add_to_menu() -> None:
    """Append our entry to Oscar's menu, unless the shop put it there. Oscar shows it only to who may open it."""
    menu = getattr(settings, "OSCAR_DASHBOARD_NAVIGATION", None)
    if menu is not None and not any(_leads_here(entry) for entry in menu):
        settings.OSCAR_DASHBOARD_NAVIGATION = [*menu, ENTRY]


def tabs_for(user: Any, *, current: str) -> list[Tab]:
    """The pages that a user may open, in order; ``current`` is the name of the open one's URL."""
    allowed = [(name, label) for name, label in TABS if check_permissions(user, PERMISSIONS.get(name, NOBODY_ELSE))]
    return [Tab(label=label, url=reverse(f"dashboard:{name}"), is_current=name == current) for name, label in allowed]


def may_see_orders(user: Any) -> bool:
    """Whether Oscar's own page of an order opens to this person, by whatever the shop asks for there."""
    orders: Any = apps.get_app_config("orders_dashboard")
    return bool(check_permissions(user, orders.get_permissions("order-detail")))


def _leads_here(entry: dict[str, Any]) -> bool:
    here = str(entry.get("url_name", "")).startswith("dashboard:mpesa-")
    return here or any(_leads_here(child) for child in entry.get("children", ()))
