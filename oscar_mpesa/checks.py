"""System checks: each configuration mistake has an id, a sentence and a hint; listed in docs/checks.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.module_loading import import_string
from oscar.core.loading import get_model

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin
from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.ordering.statuses import missing_steps

#: The configuration faults that ``conf`` knows at run time, in words.
FAULTS = {
    "E002": (
        "MPESA_KIND and MPESA_TILL_NUMBER contradict each other.",
        "A paybill: MPESA_KIND=paybill, no till number. A till: MPESA_TILL_NUMBER, MPESA_SHORTCODE its store number.",
    ),
    "E003": (
        "Some M-Pesa credentials are missing.",
        (
            "Set all of MPESA_CONSUMER_KEY, MPESA_CONSUMER_SECRET, MPESA_SHORTCODE, MPESA_PASSKEY and "
            "MPESA_CALLBACK_URL, "
            "or, outside production, none of them for test mode."
        ),
    ),
    "E004": (
        "MPESA_SHORTCODE 174379 is the sandbox's, but MPESA_ENVIRONMENT is production.",
        "Set your own short code and its passkey, from the e-mail that Safaricom sent when you went live.",
    ),
    "E005": ("MPESA_BASE_URL is set in production.", "Remove it: production talks to Safaricom's own host only."),
    "E006": (
        "MPESA_CALLBACK_URL is no address that Safaricom can post to.",
        "Give https://<your domain>/api/payments/hooks (http only in the sandbox), without a query string or spaces.",
    ),
    "E007": ("MPESA_TEST_MODE is on in production.", "Remove MPESA_TEST_MODE: real money is moving."),
    "E008": (
        "M-Pesa is not offered: there are no production settings, DEBUG is off and test mode is not allowed.",
        "Set MPESA_ENVIRONMENT=production with credentials, or MPESA_TEST_MODE=true to let shoppers try without money.",
    ),
}

#: Words that Safaricom's address filter refuses in some products.
FORBIDDEN_WORDS = ("mpesa", "m-pesa", "safaricom", "exec", "exe", "cmd", "sql", "query")


def register_all() -> None:
    """Register the checks, once however often it is called."""
    register(check_configuration, "oscar_mpesa")
    register(check_callback_address, "oscar_mpesa")
    register(check_checkout, Tags.urls)
    register(check_pipeline, "oscar_mpesa")
    register(check_currency, "oscar_mpesa")
    register(check_isolation, "oscar_mpesa")
    register(check_owner_check, "oscar_mpesa")
    register(check_deployment, "oscar_mpesa", deploy=True)


def check_configuration(**_: Any) -> Iterable[CheckMessage]:
    """E002 to E008: the faults for which M-Pesa is not offered; W004: paybill or till is not said."""
    ours = get_settings()
    yield from (Error(FAULTS[id_][0], hint=FAULTS[id_][1], id=f"oscar_mpesa.{id_}") for id_ in ours.faults)
    if ours.ENVIRONMENT == PRODUCTION and ours.SHORTCODE and not ours.TILL_NUMBER and ours.KIND != "paybill":
        yield Caution(
            f"Is {ours.SHORTCODE} a paybill or a till?",
            hint="A paybill: MPESA_KIND=paybill. A till: MPESA_TILL_NUMBER=<the till's number>, and MPESA_SHORTCODE is "
            "its store number, also called head office number.",
            id="oscar_mpesa.W004",
        )


def check_callback_address(**_: Any) -> Iterable[CheckMessage]:
    """W003: the callback address holds a word that Safaricom's filter is known to refuse."""
    address = get_settings().CALLBACK_URL.lower()
    found = [word for word in FORBIDDEN_WORDS if word in address]
    if found:
        yield Caution(
            f"MPESA_CALLBACK_URL holds a word that Safaricom may refuse: {', '.join(found)}.",
            hint="Use the neutral address that ends in /api/payments/hooks, on a host without such a word.",
            id="oscar_mpesa.W003",
        )


def check_checkout(**_: Any) -> Iterable[CheckMessage]:
    """E001: M-Pesa is not in the shop's checkout; E009: the callback address is not mounted."""
    try:
        view = getattr(resolve(reverse("checkout:payment-details")).func, "view_class", object)
    except (NoReverseMatch, Resolver404):
        return
    if not issubclass(view, MpesaPaymentDetailsMixin):
        yield Error(
            "The view behind checkout:payment-details does not know M-Pesa, so orders would be placed unpaid.",
            hint="Make oscar_mpesa.checkout.mixins.MpesaPaymentDetailsMixin the first base of that view, and "
            "MpesaPaymentMethodMixin of the payment method view if it is Oscar's own.",
            id="oscar_mpesa.E001",
        )
    try:
        reverse("oscar_mpesa:hook", args=["0"])
    except NoReverseMatch:
        yield Error(
            "The addresses that Safaricom posts to are not mounted.",
            hint='Add path("api/payments/", include("oscar_mpesa.urls")) to the URLconf, outside i18n_patterns.',
            id="oscar_mpesa.E009",
        )


def check_pipeline(**_: Any) -> Iterable[CheckMessage]:
    """W001: the order model's pipeline lacks the steps of an unpaid order."""
    missing = missing_steps(get_model("order", "Order").pipeline)
    if missing:
        lines = "; ".join(f"{status} → {', '.join(steps) or '(nothing)'}" for status, steps in missing.items())
        yield Caution(
            f"The order status pipeline lacks steps that M-Pesa needs: {lines}.",
            hint="Add them to OSCAR_ORDER_STATUS_PIPELINE, or to the pipeline of your own Order class.",
            id="oscar_mpesa.W001",
        )


def check_currency(**_: Any) -> Iterable[CheckMessage]:
    """W002: the shop's currency is not Kenyan shillings."""
    if getattr(settings, "OSCAR_DEFAULT_CURRENCY", "") != "KES":
        yield Caution(
            "OSCAR_DEFAULT_CURRENCY is not KES; M-Pesa is offered for baskets in Kenyan shillings only.",
            hint='Set OSCAR_DEFAULT_CURRENCY = "KES" and give the stock records prices in KES.',
            id="oscar_mpesa.W002",
        )


def check_isolation(**_: Any) -> Iterable[CheckMessage]:
    """E012: MySQL or MariaDB shows a transaction what was true when it began, even after it waited for a lock."""
    for alias, database in settings.DATABASES.items():
        level = database.get("OPTIONS", {}).get("isolation_level", "read committed")
        if database.get("ENGINE", "").endswith(".mysql") and str(level).lower() != "read committed":
            yield Error(
                f'The database "{alias}" may show M-Pesa an order as it was before its money arrived.',
                hint='Leave isolation_level out of its OPTIONS, or set it to "read committed", the default.',
                id="oscar_mpesa.E012",
            )


def check_owner_check(**_: Any) -> Iterable[CheckMessage]:
    """E011: ``OWNER_CHECK`` leads to nothing that can be asked."""
    path = get_settings().OWNER_CHECK
    if path and not callable(path) and not _leads_to_a_function(path):
        yield Error(
            f"OSCAR_MPESA's OWNER_CHECK is {path!r}, which cannot be imported or called.",
            hint="Give a function, or the dotted path of one, that takes a request and an order and says yes or no.",
            id="oscar_mpesa.E011",
        )


def _leads_to_a_function(path: str) -> bool:
    try:
        return callable(import_string(path))
    except ImportError:
        return False


def check_deployment(**_: Any) -> Iterable[CheckMessage]:
    """E010 (``--deploy``): a deployed shop that takes no real money."""
    ours = get_settings()
    if ours.is_test and not ours.faults:
        yield Error(
            f"This shop takes no real money: M-Pesa runs in its {ours.environment} environment.",
            hint="Set MPESA_ENVIRONMENT=production and the production credentials.",
            id="oscar_mpesa.E010",
        )
