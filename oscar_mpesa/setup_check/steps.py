"""The way from zero to live, step by step, and how far the shop has come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.setup_check.findings import Finding, Level
from oscar_mpesa.setup_check.words import WORDS

#: What cron is told; where the shop stands on its server is the operator's to know.
CRON = "* * * * * cd /srv/shop && .venv/bin/python manage.py mpesa_reconcile"

#: The keys, below the address where they come from.
KEYS = "# https://developer.safaricom.co.ke/\nMPESA_CONSUMER_KEY=…\nMPESA_CONSUMER_SECRET=…"

#: A shop has one of the two last lines.
NUMBERS = "MPESA_SHORTCODE=…\nMPESA_PASSKEY=…\nMPESA_SHORTCODE_TYPE=paybill\nMPESA_TILL_NUMBER=…"

#: Errors by which a step that looks done is not.
OF_KEYS = {"token-refused", "product-missing"}
OF_NUMBERS = {"E002", "E004", "shortcode-refused", "passkey-refused", "swapped"}
OF_CALLBACKS = {"E006", "E009"} | {name for name in WORDS if name.startswith("callback-")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do; ``code`` are lines to copy, ``is_next`` is true of the first that is not done."""

    words: str
    code: str
    is_done: bool
    is_next: bool


def steps(findings: Iterable[Finding], *, hooks: str, is_tried: bool) -> list[Step]:
    """All of them in order; one query.

    ``findings`` are those of the page, of a real try if ``is_tried``. ``hooks`` is the callback address that the shop
    would have where it is looked at now.
    """
    found = list(findings)
    wrong = {each.name for each in found if each.level is Level.ERROR}
    made = list(_steps({each.name for each in found}, wrong, hooks, is_well_tried=is_tried and not wrong))
    first = next((place for place, (_words, _code, is_done) in enumerate(made) if not is_done), None)
    return [
        Step(words=words, code=code, is_done=is_done, is_next=place == first)
        for place, (words, code, is_done) in enumerate(made)
    ]


def _steps(names: set[str], wrong: set[str], hooks: str, *, is_well_tried: bool) -> Iterator[tuple[str, str, bool]]:
    ours = get_settings()
    is_live = ours.environment == PRODUCTION and not ours.faults
    has_paid = is_live and _was_paid()
    has_kind = bool(ours.SHORTCODE_TYPE or ours.TILL_NUMBER) or ours.ENVIRONMENT != PRODUCTION
    yield (
        _("Make an app on Safaricom's developer portal, and set its key and secret."),
        KEYS,
        bool(ours.CONSUMER_KEY and ours.CONSUMER_SECRET) and not wrong & OF_KEYS,
    )
    yield (
        _(
            "Set the short code and its passkey, and one of the two last lines: MPESA_SHORTCODE_TYPE for a paybill, "
            "the till's own number for a till. See below which number goes where."
        ),
        NUMBERS,
        bool(ours.SHORTCODE and ours.PASSKEY and has_kind) and not wrong & OF_NUMBERS,
    )
    is_heard = bool(ours.CALLBACK_URL) and not wrong & OF_CALLBACKS
    address = f"MPESA_CALLBACK_URL={ours.CALLBACK_URL or hooks}"
    yield _("Tell Safaricom where to call back: the shop's public address."), address, is_heard
    yield _("Have mpesa_reconcile run every minute, by cron for instance."), CRON, "cron-ok" in names
    is_tried = is_well_tried or has_paid
    yield _("Try it until nothing is wrong: once the keys are set, the button is below."), "", is_tried
    yield (
        _("Go live for your staff only, with all these lines at once, and buy something cheap yourself."),
        "MPESA_AVAILABLE_TO=staff\nMPESA_ENVIRONMENT=production",
        has_paid,
    )
    yield _("Offer it to everyone."), "MPESA_AVAILABLE_TO=everyone", has_paid and ours.AVAILABLE_TO == "everyone"


def _was_paid() -> bool:
    return MpesaPayment.objects.filter(environment=PRODUCTION, status=PaymentStatus.COMPLETED.value).exists()
