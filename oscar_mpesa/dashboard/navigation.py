"""The entry in Oscar's dashboard menu, and the tabs of the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from oscar.views.decorators import check_permissions

from oscar_mpesa.dashboard.permissions import PERMISSIONS, SUPERUSERS

MENU_ENTRY = {"label": _("M-PESA"), "icon": "fas fa-mobile-alt", "url_name": "dashboard:mpesa-overview"}

#: URL names and labels.
TABS = [
    ("mpesa-overview", pgettext_lazy("label", "Overview")),
    ("mpesa-payments", pgettext_lazy("label", "Payments")),
    ("mpesa-receipts", pgettext_lazy("label", "Money received")),
    ("mpesa-record", _("Record a payment")),
    ("mpesa-month", pgettext_lazy("label", "Month report")),
    ("mpesa-callbacks", pgettext_lazy("label", "Callbacks")),
    ("mpesa-activity", pgettext_lazy("label", "Activity")),
    ("mpesa-people", pgettext_lazy("label", "People")),
    ("mpesa-setup", pgettext_lazy("label", "Set-up")),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """The tab of a page that the user may open."""

    label: Any
    url: str
    is_current: bool


def add_to_menu() -> None:
    """Append our entry to Oscar's menu unless the menu has it. Oscar hides it from users who may not open it."""
    menu = getattr(settings, "OSCAR_DASHBOARD_NAVIGATION", None)
    if menu is not None and not any(_is_ours(entry) for entry in menu):
        settings.OSCAR_DASHBOARD_NAVIGATION = [*menu, MENU_ENTRY]


def tabs_for(user: Any, *, current: str) -> list[Tab]:
    """Return the tabs of the pages that a user may open; ``current`` is the open page's URL name."""
    allowed = [(name, label) for name, label in TABS if check_permissions(user, PERMISSIONS.get(name, SUPERUSERS))]
    return [Tab(label=label, url=reverse(f"dashboard:{name}"), is_current=name == current) for name, label in allowed]


def may_see_reports(user: Any) -> bool:
    """Whether a user has the permissions that the shop requires for Oscar's reports."""
    config: Any = apps.get_app_config("reports_dashboard")
    return bool(check_permissions(user, config.get_permissions("reports-index")))


def _is_ours(entry: dict[str, Any]) -> bool:
    is_ours = str(entry.get("url_name", "")).startswith("dashboard:mpesa-")
    return is_ours or any(_is_ours(child) for child in entry.get("children", ()))
