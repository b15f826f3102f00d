"""What around M-Pesa has to fit: the checkout, the order's pipeline, the currency, the database, the shop's code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from oscar.core.loading import get_model

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin
from oscar_mpesa.checks.messages import caution, error
from oscar_mpesa.conf import get_settings
from oscar_mpesa.oscar_adapter.order_status import missing_transitions


def check_checkout(**_kwargs: Any) -> Iterable[CheckMessage]:
    """E001: M-Pesa is not in the shop's checkout; E009: the callback address is not mounted."""
    try:
        view = getattr(resolve(reverse("checkout:payment-details")).func, "view_class", object)
    except (NoReverseMatch, Resolver404):
        return
    if not issubclass(view, MpesaPaymentDetailsMixin):
        yield error(
            "E001",
            gettext("The view behind checkout:payment-details does not know M-Pesa, so orders would be placed unpaid."),
            gettext(
                "Make oscar_mpesa.checkout.mixins.MpesaPaymentDetailsMixin the first base of that view, and "
                "MpesaPaymentMethodMixin of the payment method view if it is Oscar's own."
            ),
        )
    try:
        reverse("oscar_mpesa:hook", args=["0"])
    except NoReverseMatch:
        yield error(
            "E009",
            gettext("The addresses that Safaricom posts to are not mounted."),
            gettext('Add path("api/payments/", include("oscar_mpesa.urls")) to the URLconf, outside i18n_patterns.'),
        )


def check_pipeline(**_kwargs: Any) -> Iterable[CheckMessage]:
    """W001: the order model's pipeline lacks the steps of an unpaid order."""
    missing = missing_transitions(get_model("order", "Order").pipeline)
    if missing:
        lines = "; ".join(f"{status} → {', '.join(steps) or '(nothing)'}" for status, steps in missing.items())
        yield caution(
            "W001",
            gettext("The order status pipeline lacks steps that M-Pesa needs: {lines}.").format(lines=lines),
            gettext("Add them to OSCAR_ORDER_STATUS_PIPELINE, or to the pipeline of your own Order class."),
        )


def check_currency(**_kwargs: Any) -> Iterable[CheckMessage]:
    """W002: the shop's currency is not Kenyan shillings."""
    if getattr(settings, "OSCAR_DEFAULT_CURRENCY", "") != "KES":
        yield caution(
            "W002",
            gettext("OSCAR_DEFAULT_CURRENCY is not KES; M-Pesa is offered for baskets in Kenyan shillings only."),
            gettext('Set OSCAR_DEFAULT_CURRENCY = "KES" and give the stock records prices in KES.'),
        )


def check_isolation(**_kwargs: Any) -> Iterable[CheckMessage]:
    """E012: MySQL or MariaDB shows a transaction what was true when it began, even after it waited for a lock."""
    for alias, database in settings.DATABASES.items():
        level = database.get("OPTIONS", {}).get("isolation_level", "read committed")
        if database.get("ENGINE", "").endswith(".mysql") and str(level).lower() != "read committed":
            yield error(
                "E012",
                gettext('The database "{alias}" may show M-Pesa an order as it was before its money arrived.').format(
                    alias=alias
                ),
                gettext('Leave isolation_level out of its OPTIONS, or set it to "read committed", the default.'),
            )


def check_owner_check(**_kwargs: Any) -> Iterable[CheckMessage]:
    """E011: ``ORDER_OWNERSHIP_CHECK`` leads to nothing that can be asked."""
    path = get_settings().ORDER_OWNERSHIP_CHECK
    if path and not callable(path) and not _leads_to_a_function(path):
        yield error(
            "E011",
            gettext("OSCAR_MPESA's ORDER_OWNERSHIP_CHECK is {path}, which cannot be imported or called.").format(
                path=repr(path)
            ),
            gettext(
                "Give a function, or the dotted path of one, that takes a request and an order and says yes or no."
            ),
        )


def _leads_to_a_function(path: str) -> bool:
    try:
        return callable(import_string(path))
    except ImportError:
        return False
