"""Check what M-PESA needs of the shop: checkout, order pipeline, currency, database and ownership check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from oscar.core.loading import get_model

from oscar_mpesa.access.callback_path import resolve_reversed
from oscar_mpesa.checkout.shop_views import knows_mpesa
from oscar_mpesa.checkout.step_paths import PAYMENT_METHOD, paths_of
from oscar_mpesa.checks.messages import error, warning
from oscar_mpesa.conf import get_settings
from oscar_mpesa.oscar_adapter.order_status import missing_transitions
from oscar_mpesa.oscar_adapter.payment_methods import shows_placeholder

#: The pages whose view places orders.
_PLACING_PAGES = ("checkout:payment-details", "checkout:preview")


def check_checkout(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for E001: the checkout lacks M-PESA; E009: the URLconf lacks the callback view."""
    if not getattr(settings, "ROOT_URLCONF", ""):
        return  # the process serves no pages
    try:
        views = {page: resolve_reversed(reverse(page)).func for page in _PLACING_PAGES}
    except (NoReverseMatch, Resolver404):
        return
    unaware = [page for page, view in views.items() if not knows_mpesa(getattr(view, "view_class", object))]
    if unaware:
        yield error(
            "E001",
            gettext("The view behind {page} does not know M-PESA, so orders would be placed unpaid.").format(
                page=unaware[0]
            ),
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


def check_other_methods(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for W016: an entry of ``OTHER_METHODS`` leads to no page, or to Oscar's placeholder."""
    if not getattr(settings, "ROOT_URLCONF", ""):
        return
    for code, _label, url_name in get_settings().OTHER_METHODS:
        try:
            is_page = not shows_placeholder(_details_view()) if url_name is None else _is_next_page(url_name)
        except NoReverseMatch:
            is_page = False
        if not is_page:
            yield warning(
                "W016",
                gettext("OTHER_METHODS: the method {code} leads to no page where a shopper could pay or order.").format(
                    code=repr(code)
                ),
                gettext(
                    "Name the URL of its next page, such as checkout:preview for a method without details. "
                    "None leads to your own payment details, and Oscar's page of these only says what is missing."
                ),
            )


def _is_next_page(url_name: str) -> bool:
    """Return whether the page comes after the choice. Raises ``NoReverseMatch``."""
    return resolve_url(url_name) not in paths_of(PAYMENT_METHOD)


def _details_view() -> Any:
    return apps.get_app_config("checkout").payment_details_view  # type: ignore[attr-defined]


def check_pipeline(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for W001: the order status pipeline lacks the transitions of unpaid orders."""
    missing = missing_transitions(get_model("order", "Order").pipeline)
    if missing:
        lines = "; ".join(f"{status} → {', '.join(steps) or '(nothing)'}" for status, steps in missing.items())
        yield warning(
            "W001",
            gettext("The order status pipeline lacks steps that M-PESA needs: {lines}.").format(lines=lines),
            gettext("Add them to OSCAR_ORDER_STATUS_PIPELINE, or to the pipeline of your own Order class."),
        )


def check_currency(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for W002: the shop's currency is not Kenyan shillings."""
    if getattr(settings, "OSCAR_DEFAULT_CURRENCY", "") != "KES":
        yield warning(
            "W002",
            gettext("OSCAR_DEFAULT_CURRENCY is not KES; M-PESA is offered for baskets in Kenyan shillings only."),
            gettext(
                'Set OSCAR_DEFAULT_CURRENCY = "KES". Then enter the prices of your stock records in shillings, and '
                "change their currency to KES: they keep the old one. If you sell in several currencies, silence this."
            ),
        )


def check_isolation(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for E012: at this isolation level, MySQL and MariaDB return stale rows after waiting for a lock."""
    for alias, database in settings.DATABASES.items():
        level = database.get("OPTIONS", {}).get("isolation_level", "read committed")
        if database.get("ENGINE", "").endswith(".mysql") and str(level).lower() != "read committed":
            yield error(
                "E012",
                gettext('The database "{alias}" may show M-PESA an order as it was before its money arrived.').format(
                    alias=alias
                ),
                gettext('Leave isolation_level out of its OPTIONS, or set it to "read committed", the default.'),
            )


def check_owner_check(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for E011: ``ORDER_OWNERSHIP_CHECK`` cannot be imported or called."""
    path = get_settings().ORDER_OWNERSHIP_CHECK
    if path and not callable(path) and not _is_importable(path):
        yield error(
            "E011",
            gettext("OSCAR_MPESA's ORDER_OWNERSHIP_CHECK is {path}, which cannot be imported or called.").format(
                path=repr(path)
            ),
            gettext(
                "Give a function, or the dotted path of one, that takes a request and an order and says yes or no."
            ),
        )


def check_wake(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for W015: ``WAKE`` cannot be imported or called."""
    path = get_settings().WAKE
    if path and not callable(path) and not _is_importable(path):
        yield warning(
            "W015",
            gettext("OSCAR_MPESA's WAKE is {path}, which cannot be imported or called.").format(path=repr(path)),
            gettext("Give a function, or the dotted path of one. Until then only mpesa_reconcile delivers emails."),
        )


def _is_importable(path: str) -> bool:
    try:
        return callable(import_string(path))
    except ImportError:
        return False
