"""The messages of the alerts about rows: for one row, and for several."""

from __future__ import annotations

from oscar_mpesa.domain.i18n import _
from oscar_mpesa.models import ReceiptStatus

#: By key: receipts that need a person, with the sentence for one and for several.
MONEY = {
    ReceiptStatus.WRONG_AMOUNT.value: (
        _("%(amount)s arrived, but the payment asked for another amount. Match it to an order or refund it."),
        _("%(count)s payments arrived with a wrong amount, %(amount)s in all. Match them to orders or refund them."),
    ),
    ReceiptStatus.OVERPAID.value: (
        _("Refund %(amount)s, or match it to another order: it arrived for an order that was already paid."),
        _(
            "Refund %(amount)s in all, or match it to other orders: %(count)s payments arrived for orders that were "
            "already paid."
        ),
    ),
    "overpaid_for_a_week": (
        _("%(amount)s too much has waited since %(since)s. Refund it, or match it to another order."),
        _(
            "%(count)s overpayments, %(amount)s in all, have waited for over a week, the oldest since %(since)s. "
            "Refund them, or match them to other orders."
        ),
    ),
    ReceiptStatus.UNMATCHED.value: (
        _("%(amount)s arrived and is unmatched. Match it to an order or refund it."),
        _("%(count)s payments, %(amount)s in all, arrived and are unmatched. Match them to orders or refund them."),
    ),
    "refunded_too_much": (
        _("%(amount)s more was refunded than arrived. Check the refunds, and void one that was not sent."),
        _(
            "More was refunded than arrived for %(count)s payments, %(amount)s in all. Check the refunds, and void "
            "those that were not sent."
        ),
    ),
}

#: By key: recorded payments that Safaricom has not reported, with the sentence for one and for several.
CLAIMS = {
    "unseen_claims": (
        _(
            "Staff recorded %(amount)s, and Safaricom has not reported it for two days. Look for it in the M-PESA "
            "portal, and withdraw it if it is not there."
        ),
        _(
            "Staff recorded %(count)s payments, %(amount)s in all, that Safaricom has not reported for two days. Look "
            "for them in the M-PESA portal, and withdraw those that are not there."
        ),
    ),
    "uncounted_claims": (
        _(
            "Staff recorded %(amount)s that counts for nothing: its order is paid, closed or canceled. Look for it in "
            "the M-PESA portal. Withdraw it if it is not there, or when you have refunded it."
        ),
        _(
            "Staff recorded %(count)s payments, %(amount)s in all, that count for nothing: their orders are paid, "
            "closed or canceled. Look for them in the M-PESA portal. Withdraw those that are not there, and those that "
            "you have refunded."
        ),
    ),
}

#: By key: orders that need a person, with the sentence for one and for several.
ORDERS = {
    "unbooked_allocations": (
        _(
            "%(amount)s counts for order %(order)s, and the shop's own code has failed to book it for a day. Forward "
            "this to your developer."
        ),
        _(
            "%(amount)s in all counts for orders, and the shop's own code has failed to book it for a day "
            "(%(count)s times). Forward this to your developer."
        ),
    ),
    "unpaid_orders": (
        _("Order %(order)s goes on, but %(amount)s of it is not paid. Ask for the rest or cancel the order."),
        _("%(count)s orders go on, but %(amount)s of them in all is not paid. Ask for the rest or cancel the orders."),
    ),
    "refunded_orders": (
        _("All money of order %(order)s was refunded, but the order goes on. Cancel it, or move it on."),
        _("All money of %(count)s orders was refunded, but the orders go on. Cancel them, or move them on."),
    ),
    "unclosable_orders": (
        _(
            "Order %(order)s could not be closed since %(since)s: the shop's own code raises an error. Forward this to "
            "your developer. Its items stay reserved until then."
        ),
        _(
            "%(count)s orders could not be closed since %(since)s: the shop's own code raises an error. Forward this "
            "to your developer. Their items stay reserved until then."
        ),
    ),
}

#: Replaces the message of an outage while customers wait.
WAITING = _(
    "Safaricom has given no usable answer since %(since)s; customers waiting: %(customers)s. "
    "Their orders are safe; we keep checking."
)

STUCK = (
    _(
        "A payment has waited for a result since %(since)s. The automatic check is not running. "
        "Forward this to your developer: look at mpesa_reconcile."
    ),
    _(
        "%(count)s payments have waited for results since %(since)s. The automatic check is not "
        "running. Forward this to your developer: look at mpesa_reconcile."
    ),
)
UNPROCESSED = (
    _("A callback from Safaricom could not be processed in ten tries. The log says why."),
    _("%(count)s callbacks from Safaricom could not be processed in ten tries each. The log says why."),
)
UNCONFIRMED = (
    _(
        "A callback reports a payment that Safaricom has not confirmed for a day. Look for it in the M-PESA portal "
        "before you ship."
    ),
    _(
        "%(count)s callbacks report payments that Safaricom has not confirmed for a day. Look for them in the M-PESA "
        "portal before you ship."
    ),
)
_NO_ANSWERS = _(
    "Safaricom answered none of the last day's %(count)s status checks, so lost payments are not found. Forward this "
    "to your developer."
)
NO_ANSWERED_QUERIES = (_NO_ANSWERS, _NO_ANSWERS)
LEDGER_CHECK = (
    _("A ledger check found a difference. Forward this to your developer: mpesa_check_ledger lists it."),
    _("A ledger check found %(count)s differences. Forward this to your developer: mpesa_check_ledger lists them."),
)
UNDELIVERED = (
    _("A notification could not be sent in two days. Send it again from its payment's page, which says why."),
    _(
        "%(count)s notifications could not be sent in two days. Send them again from their payments' pages, "
        "which say why."
    ),
)
CLOSED_UNCONFIRMED = (
    _("An order was closed before Safaricom sent a result. Look its payment up in the M-PESA portal."),
    _("%(count)s orders were closed before Safaricom sent a result. Look them up in the M-PESA portal."),
)
ADDRESS_NUMBERS = (
    _(
        "%(numbers)s numbers that did not pay were tried from the IP address %(address)s within an hour. Somebody may "
        "be sending prompts to people who did not order. Look at the payments, and forward this to your developer: "
        "MPESA_ADDRESS_LIMIT can stop it."
    ),
    _(
        "%(numbers)s numbers that did not pay were tried from %(count)s IP addresses within an hour. Somebody may "
        "be sending prompts to people who did not order. Look at the payments, and forward this to your developer: "
        "MPESA_ADDRESS_LIMIT can stop it."
    ),
)
UNPAID_PROMPTS = _(
    "Only %(paid)s of the last hour's %(count)s prompts were paid. Somebody may be sending prompts to people who did "
    "not order. Look at the payments."
)
