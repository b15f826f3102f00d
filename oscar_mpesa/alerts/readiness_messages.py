"""Say whether M-PESA works, why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from django.utils.translation import gettext, pgettext_lazy

from oscar_mpesa.alerts.readiness import Readiness, Reason, Works
from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.i18n import _
from oscar_mpesa.oscar_adapter.order_messages import when

LABELS = {
    Works.WORKING: pgettext_lazy("label", "Working"),
    Works.UNTESTED: pgettext_lazy("label", "Not tested"),
    Works.NOT_WORKING: pgettext_lazy("label", "Not working"),
}

MESSAGES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.TEST_MODE: _("Test mode: the simulator answers in Safaricom's place, and no real money moves."),
        Reason.PAID: _("Last payment: %(since)s."),
        Reason.TEST_PASSED: _("Last set-up test without errors: %(since)s."),
        Reason.NEVER_USED: _("Nobody has paid yet. Test the set-up, or buy something cheap yourself."),
        Reason.WRONG_SETTINGS: _("M-PESA is not offered, because its settings are wrong (%(ids)s)."),
        Reason.NOT_ANSWERING: _(
            "Safaricom has given no usable answer since %(since)s, %(calls)s times in a row. Nobody can pay by M-PESA "
            "while this lasts. Orders are safe."
        ),
        Reason.SERVER_BLOCKED: _(
            "Safaricom's firewall blocks this server's address; ask Safaricom to allow it. Nobody has been able to pay "
            "by M-PESA since %(since)s."
        ),
        Reason.CALLS_PAUSED: _(
            "Safaricom has not answered since %(since)s. Prompts are paused, and go on by themselves once it answers. "
            "Orders are safe."
        ),
        Reason.KEYS_REJECTED: _("Safaricom has refused our key since %(since)s: nobody can pay by M-PESA."),
        Reason.REQUESTS_REJECTED: _(
            "Safaricom has refused our requests since %(since)s: nobody can pay by M-PESA. The set-up is wrong."
        ),
        Reason.SWAPPED_NUMBERS: _(
            "Till and paybill are probably mixed up, and nobody can pay by M-PESA (seen: %(since)s). The set-up page "
            "shows which number goes where."
        ),
        Reason.TEST_FAILED: _(
            "Errors in the last set-up test (%(since)s): %(errors)s. Run it again on the set-up page, and do what it "
            "says."
        ),
    }
)


def readiness_message(state: Readiness, now: datetime) -> str:
    """Return the sentence in the active language, with times as 15:34."""
    return gettext(MESSAGES[state.reason]) % {name: _format(value, now) for name, value in params_of(state).items()}


def params_of(state: Readiness) -> dict[str, str | int | datetime]:
    """Return the values for the placeholders of all messages that apply."""
    params: dict[str, str | int | datetime] = {
        "ids": ", ".join(get_settings().faults),
        "errors": state.evidence.errors,
        "calls": state.outage.calls if state.outage else 0,
    }
    return {**params, "since": state.since} if state.since else params


def _format(value: str | int | datetime, now: datetime) -> str | int:
    return when(value, now) if isinstance(value, datetime) else value
