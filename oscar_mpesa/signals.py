"""Define the public signals: facts in the past tense, sent after the commit with ``send_robust``.

Receivers may be slow and may raise, because no money depends on them. ``order_paid``, ``order_unpaid``,
``payment_failed`` and ``receipt_unmatched`` are sent at least once. If a receiver raises, the signal is sent to all
receivers again, 90 seconds later and then after growing pauses, for two days. The same happens if the process dies
before it records the delivery. Make each receiver idempotent, and let it read the order's current state. The sender is
the ``MpesaPayment`` class; ``order`` and ``payment`` are fresh instances. Receivers run in a background thread.
"""

from django.dispatch import Signal

__all__ = ["alert_raised", "order_paid", "order_unpaid", "payment_failed", "receipt_unmatched"]

#: The order is paid and booked: you can ship. Arguments: ``order``, ``payment`` and ``receipt``. ``payment`` is None
#: for money that arrived without a payment, and ``receipt`` None for a payment that staff recorded. Sent at least once
#: for each order, and again only after ``order_unpaid``.
order_paid = Signal()

#: The money no longer pays the order: it was unmatched, refunded, or the order was canceled. Don't ship. Argument:
#: ``order``. Sent at least once, and only after ``order_paid``.
order_unpaid = Signal()

#: A payment ended without money. Arguments: ``order`` and ``payment``. Another payment or a late callback can still pay
#: the order. Sent at least once.
payment_failed = Signal()

#: Money waits for a decision: its order is paid, closed or canceled, or the amount is wrong. Arguments:
#: ``order``, ``payment`` and ``receipt``. Staff decide what to do with the money. Sent at least once, and
#: again for another order that the money was matched to and that does not need it.
receipt_unmatched = Signal()

#: An alert on the dashboard needs the owner. Arguments: ``key`` (a stable name for the alert), ``level`` (``urgent`` or
#: ``soon``), ``sentence`` (in the shop's language, without personal data) and ``count``. ``mpesa_reconcile`` sends it
#: once a day while the alert lasts. It is not sent again if a receiver raises.
alert_raised = Signal()
