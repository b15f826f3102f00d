"""Define the public signals: facts in the past tense, sent after the commit with ``send_robust``.

Receivers may be slow and may raise, because no money depends on them. ``order_paid``, ``payment_failed`` and
``receipt_unmatched`` are sent at least once. If a receiver raises, the signal is sent to all receivers again, at least
five minutes later and five times at most. The same happens if the process dies before it records the delivery. Make
each receiver idempotent, and let it read the order's current state. The sender is the ``MpesaPayment`` class; ``order``
and ``payment`` are fresh instances.
"""

from django.dispatch import Signal

__all__ = ["alert_raised", "order_paid", "payment_failed", "receipt_unmatched"]

#: The order is paid and booked: you can ship. Arguments: ``order``, ``payment`` and ``receipt``. ``payment`` is None
#: for money that arrived without a payment. Sent at least once for each order.
order_paid = Signal()

#: A payment ended without money. Arguments: ``order`` and ``payment``. Another payment or a late callback can still pay
#: the order. Sent at least once.
payment_failed = Signal()

#: Money arrived that is not allocated to an order: the order is paid or closed, or the amount is wrong. Arguments:
#: ``order``, ``payment`` and ``receipt``. Staff decide what to do with the money. Sent at least once.
receipt_unmatched = Signal()

#: An alert on the dashboard needs the owner. Arguments: ``key`` (a stable name for the alert), ``level`` (``urgent`` or
#: ``soon``), ``sentence`` (in the shop's language, without personal data) and ``count``. ``mpesa_reconcile`` sends it
#: once a day while the alert lasts. It is not sent again if a receiver raises.
alert_raised = Signal()
