"""Check the M-PESA settings themselves for mistakes and gaps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.utils.translation import gettext

from oscar_mpesa.access.callback_path import callback_path, view_name_at
from oscar_mpesa.checks.messages import error, warning
from oscar_mpesa.conf import PRODUCTION, get_settings, settings_mistakes
from oscar_mpesa.daraja.callback_addresses import forbidden_words, host_of, is_private_host, is_tunnel
from oscar_mpesa.domain.i18n import _

#: Message and hint for each fault of ``MpesaSettings.faults``.
FAULTS = {
    "E002": (
        _("MPESA_SHORTCODE_TYPE and MPESA_TILL_NUMBER contradict each other."),
        _(
            "A paybill: MPESA_SHORTCODE_TYPE=paybill, no till number. "
            "A till: MPESA_TILL_NUMBER, MPESA_SHORTCODE its store number."
        ),
    ),
    "E003": (
        _("Some M-PESA credentials are missing."),
        _(
            "Set all of MPESA_CONSUMER_KEY, MPESA_CONSUMER_SECRET, MPESA_SHORTCODE, MPESA_PASSKEY and "
            "MPESA_CALLBACK_URL, or, outside production, none of them for test mode."
        ),
    ),
    "E004": (
        _("MPESA_SHORTCODE 174379 is the sandbox's, but MPESA_ENVIRONMENT is production."),
        _("Set your own short code and its passkey, from the email that Safaricom sent when you went live."),
    ),
    "E005": (
        _("MPESA_BASE_URL is set in production."),
        _("Remove it: production talks to Safaricom's own host only."),
    ),
    "E006": (
        _("MPESA_CALLBACK_URL is not an address that Safaricom can post to."),
        _(
            "Give https://<your domain>/api/payments/hooks (http only in the sandbox), "
            "without a query string or spaces."
        ),
    ),
    "E007": (_("MPESA_TEST_MODE is on in production."), _("Remove MPESA_TEST_MODE: real money is moving.")),
    "E008": (
        _("M-PESA is not offered: there are no production settings, DEBUG is off and test mode is not allowed."),
        _(
            "Set MPESA_ENVIRONMENT=production with credentials, "
            "or MPESA_TEST_MODE=true to let shoppers try without money."
        ),
    ),
    "E013": (
        _("USE_TZ is off: no request to Safaricom can be signed with a time that has no time zone."),
        _("Set USE_TZ = True. TIME_ZONE may stay as it is."),
    ),
    "E014": (
        _("OSCAR_MPESA's CACHE is not one of the shop's CACHES."),
        _("Give the name of one that is there, or leave it out for the default one."),
    ),
    "E015": (
        _("OSCAR_MPESA is not usable: {mistakes}."),
        _("Correct it. Until then, these settings have their defaults, M-PESA is not offered and no order is closed."),
    ),
}


def check_configuration(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for E002 to E008 and E013 to E015, which disable M-PESA, and W004 and W011: paybill or till is unclear."""
    ours = get_settings()
    mistakes = "; ".join(settings_mistakes())
    for id_ in ours.faults:
        message, hint = FAULTS[id_]
        yield error(id_, gettext(message).format(mistakes=mistakes), gettext(hint))
    if ours.ENVIRONMENT != PRODUCTION or not ours.SHORTCODE:
        return
    if not ours.TILL_NUMBER and ours.SHORTCODE_TYPE != "paybill":
        yield warning(
            "W004",
            gettext("Is {number} a paybill or a till?").format(number=ours.SHORTCODE),
            gettext(
                "A paybill: MPESA_SHORTCODE_TYPE=paybill. A till: MPESA_TILL_NUMBER=<the till's number>, and "
                "MPESA_SHORTCODE is its store number, also called head office number."
            ),
        )
    if ours.SHORTCODE == ours.TILL_NUMBER:
        yield warning(
            "W011",
            gettext("MPESA_SHORTCODE and MPESA_TILL_NUMBER are both {number}.").format(number=ours.SHORTCODE),
            gettext(
                "A till has two numbers: the till number that customers know is MPESA_TILL_NUMBER; the store number, "
                "to which the passkey belongs, is MPESA_SHORTCODE."
            ),
        )


def check_spelling(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for W010: a number or a key looks mistyped. The message does not show its value."""
    ours = get_settings()
    shapes = {"SHORTCODE": r"\d{5,7}", "TILL_NUMBER": r"\d{5,7}"}
    shapes |= dict.fromkeys(("CONSUMER_KEY", "CONSUMER_SECRET", "PASSKEY"), r"[!-~]*[^\s\"'<>]")
    names = [name for name, shape in shapes.items() if getattr(ours, name)]
    wrong = [f"MPESA_{name}" for name in names if not re.fullmatch(shapes[name], getattr(ours, name), re.ASCII)]
    if wrong:
        yield warning(
            "W010",
            gettext("This looks mistyped: {names}.").format(names=", ".join(wrong)),
            gettext("Short codes and tills have 5 to 7 digits; keys and passkeys no blanks, quotes or brackets."),
        )


def check_callback_address(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for W003, W005 and W006: Safaricom refuses the callback URL or cannot reach it."""
    ours = get_settings()
    host, forbidden = host_of(ours.CALLBACK_URL), forbidden_words(ours.CALLBACK_URL)
    if forbidden:
        yield warning(
            "W003",
            gettext("MPESA_CALLBACK_URL holds a word that Safaricom may refuse: {words}.").format(
                words=", ".join(forbidden)
            ),
            gettext("Use the neutral address that ends in /api/payments/hooks, on a host without such a word."),
        )
    if host and is_private_host(host) and not (ours.BASE_URL and is_private_host(host_of(ours.BASE_URL))):
        yield warning(
            "W005",
            gettext("Safaricom cannot reach {host}: only your own network knows it.").format(host=host),
            gettext("Give MPESA_CALLBACK_URL a public name that leads to this shop."),
        )
    if is_tunnel(host) and ours.ENVIRONMENT == PRODUCTION:
        yield warning(
            "W006",
            gettext("{host} is a tunnel for developers, which Safaricom refuses in production.").format(host=host),
            gettext("Give MPESA_CALLBACK_URL the shop's own domain."),
        )


def check_callback_path(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for W012: the URLconf has no callback view at the callback URL."""
    ours = get_settings()
    if not ours.CALLBACK_URL or not getattr(settings, "ROOT_URLCONF", ""):
        return
    if view_name_at(ours.callback_url("0")) not in {"oscar_mpesa:hook", "oscar_mpesa:callback-secret"}:
        yield warning(
            "W012",
            gettext("The path of MPESA_CALLBACK_URL leads to no callback address of this shop."),
            gettext("It should end in {path}, unless a proxy changes it on the way.").format(path=callback_path()),
        )


#: Django's settings of a shop behind a proxy.
_PROXY_SETTINGS = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")


def check_callback_policy(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Check for W013: behind a proxy that is not counted, each callback seems to come from the proxy's address."""
    ours = get_settings()
    named = [name for name in _PROXY_SETTINGS if getattr(settings, name, None)]
    if ours.CALLBACK_IP_POLICY == "confirm" and not ours.TRUSTED_PROXIES and named:
        yield warning(
            "W013",
            gettext(
                "MPESA_CALLBACK_IP_POLICY is confirm and MPESA_TRUSTED_PROXIES is 0, but {names} names a proxy. "
                "Every payment would wait for a status check."
            ).format(names=", ".join(named)),
            gettext("Set MPESA_TRUSTED_PROXIES to the number of your proxies that add to X-Forwarded-For."),
        )
