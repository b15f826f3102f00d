"""What ``manage.py mpesa_uninstall`` says."""

from __future__ import annotations

from collections.abc import Mapping

from oscar.core.loading import get_model

from oscar_mpesa.conf import MpesaSettings, get_settings
from oscar_mpesa.oscar_adapter.order_status import added_statuses
from oscar_mpesa.reports.removal import OpenItem, orders_by_status

#: What is open, and what to do about it.
OPEN: Mapping[OpenItem, str] = {
    OpenItem.OFFERED: "The shop still offers M-PESA. Set MPESA_AVAILABLE_TO=nobody and restart the shop.",
    OpenItem.PROMPTS: "Prompts on phones: {count}. Wait three minutes.",
    OpenItem.CONFIRMATIONS: "Payments that Safaricom has to confirm: {count}. Wait, or check them in the dashboard.",
    OpenItem.CALLBACKS: "Callbacks that are not processed: {count}. Run mpesa_reconcile, then look at the dashboard.",
    OpenItem.UNMATCHED: "Unmatched receipts: {count}. Match, refund or resolve them in the dashboard.",
    OpenItem.PART_PAID: "Orders of which only part is paid: {count}. Collect the rest, or unmatch and refund the part.",
    OpenItem.CLAIMS: "Recorded payments that Safaricom has not confirmed: {count}. Look for them in the M-PESA portal.",
    OpenItem.REFUNDS: "Refunds that are not finished: {count}. Finish them in the dashboard.",
    OpenItem.BOOKS: "Entries that are not in Oscar's books: {count}. Run mpesa_reconcile, then look at its log.",
    OpenItem.MESSAGES: "Emails and signals that are not delivered: {count}. Run mpesa_reconcile, and look at its log.",
}

KEPT = """\
Kept in Oscar's tables:
  orders, and their payment sources, transactions, payment events, notes and surcharges
Kept in the tables oscar_mpesa_*, until 'manage.py migrate oscar_mpesa zero':
  payments, receipts, refunds, callbacks and the timeline
  As long as these tables exist, the database refuses to delete orders and users that they name."""

LATE = """\
Safaricom can post a callback late. Keep the app installed for seven days with MPESA_AVAILABLE_TO=nobody, and
mpesa_reconcile running. After that, callbacks get the answer 404, and the money is in the M-PESA portal only.
The links in our emails, such as the one that puts items back in the basket, work until you remove the app."""

REST = """\
Then remove:
  1. the tables, with the shop stopped: manage.py migrate oscar_mpesa zero
  2. "oscar_mpesa", OSCAR_MPESA and mpesa_settings from the settings, and the MPESA_* variables
  3. the line with "oscar_mpesa.urls" from the URLs
  4. the job that runs mpesa_reconcile{wake}
  5. "mpesa" from your own form of payment methods
  6. what your code imports from oscar_mpesa: signals, mixins, templates
  7. the package: pip uninstall oscar-mpesa
  8. permissions and content types that are left: manage.py remove_stale_contenttypes"""


def open_sentences(items: Mapping[OpenItem, int]) -> list[str]:
    """Return a sentence for each kind of open item."""
    return [OPEN[item].format(count=count) for item, count in items.items()]


def rest() -> str:
    """Return what to remove by hand."""
    has_worker = get_settings().WAKE not in {"", MpesaSettings.WAKE}
    return REST.format(wake=", and the worker that WAKE calls" if has_worker else "")


def pipeline_lines(*, is_closing: bool) -> list[str]:
    """Return the lines for the settings that keep the statuses that some orders have and only the app added.

    ``is_closing`` says that orders will be closed, and have the expired status then.
    """
    names, added = get_settings(), added_statuses(get_model("order", "Order").pipeline)
    used = set(orders_by_status(added)) | ({names.EXPIRED_STATUS} & set(added) if is_closing else set())
    gone = {names.PENDING_STATUS, names.EXPIRED_STATUS} - used
    kept = {status: tuple(each for each in added[status] if each not in gone) for status in sorted(used)}
    return [f"OSCAR_ORDER_STATUS_PIPELINE.setdefault({status!r}, {targets!r})" for status, targets in kept.items()]
