"""List the steps of setting up a shop, from no credentials to live, and mark those that are done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.setup_check.findings import Finding, Level
from oscar_mpesa.setup_check.words import WORDS

#: A crontab line to copy; the operator fills in the path of the shop.
CRON = "* * * * * cd /srv/shop && .venv/bin/python manage.py mpesa_reconcile"

#: The credentials of the app, below the site that gives them.
KEYS = "# https://developer.safaricom.co.ke/\nMPESA_CONSUMER_KEY=…\nMPESA_CONSUMER_SECRET=…"

#: A shop sets one of the two last lines.
NUMBERS = "MPESA_SHORTCODE=…\nMPESA_PASSKEY=…\nMPESA_SHORTCODE_TYPE=paybill\nMPESA_TILL_NUMBER=…"

#: Errors that make a step undone although its settings are filled in.
KEY_ERRORS = {"token-refused", "product-missing"}
NUMBER_ERRORS = {"E002", "E004", "shortcode-refused", "passkey-refused", "swapped"}
CALLBACK_ERRORS = {"E006", "E009"} | {name for name in WORDS if name.startswith("callback-")}


_TRY = gettext_lazy(
    "Try it until nothing is wrong: once the keys are set, the button is below. Another one tries your checkout."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. ``code`` holds lines to copy; ``is_next`` is true for the first step that is not done."""

    words: str
    code: str
    is_done: bool
    is_next: bool


def steps(findings: Sequence[Finding], *, hooks: str, is_tried: bool) -> list[Step]:
    """Return all steps in order. Makes one query.

    ``findings`` are those that the page shows; ``is_tried`` if they come from the full check. ``hooks`` is the
    callback URL at the address of the present request.
    """
    errors = {finding.name for finding in findings if finding.level is Level.ERROR}
    names = {finding.name for finding in findings}
    rows = list(_steps(names, errors, hooks, is_checked=is_tried and not errors))
    first = next((index for index, (_words, _code, is_done) in enumerate(rows) if not is_done), None)
    return [
        Step(words=words, code=code, is_done=is_done, is_next=index == first)
        for index, (words, code, is_done) in enumerate(rows)
    ]


def _steps(names: set[str], errors: set[str], hooks: str, *, is_checked: bool) -> Iterator[tuple[str, str, bool]]:
    ours = get_settings()
    is_live = ours.environment == PRODUCTION and not ours.faults
    has_paid = is_live and _has_live_payment()
    has_type = bool(ours.SHORTCODE_TYPE or ours.TILL_NUMBER) or ours.ENVIRONMENT != PRODUCTION
    yield (
        _("Make an app on Safaricom's developer portal, and set its key and secret."),
        KEYS,
        bool(ours.CONSUMER_KEY and ours.CONSUMER_SECRET) and not errors & KEY_ERRORS,
    )
    yield (
        _(
            "Set the short code and its passkey, and one of the two last lines: MPESA_SHORTCODE_TYPE for a paybill, "
            "the till's own number for a till. See below which number goes where."
        ),
        NUMBERS,
        bool(ours.SHORTCODE and ours.PASSKEY and has_type) and not errors & NUMBER_ERRORS,
    )
    has_callback = bool(ours.CALLBACK_URL) and not errors & CALLBACK_ERRORS
    address = f"MPESA_CALLBACK_URL={ours.CALLBACK_URL or hooks}"
    yield _("Tell Safaricom where to call back: the shop's public address."), address, has_callback
    yield _("Have mpesa_reconcile run every minute, by cron for instance."), CRON, "cron-ok" in names
    is_tried = is_checked or has_paid
    yield str(_TRY), "", is_tried
    yield (
        _("Go live for your staff only, with all these lines at once, and buy something cheap yourself."),
        "MPESA_AVAILABLE_TO=staff\nMPESA_ENVIRONMENT=production",
        has_paid,
    )
    yield _("Offer it to everyone."), "MPESA_AVAILABLE_TO=everyone", has_paid and ours.AVAILABLE_TO == "everyone"


def _has_live_payment() -> bool:
    return MpesaPayment.objects.filter(environment=PRODUCTION, status=PaymentStatus.COMPLETED.value).exists()
