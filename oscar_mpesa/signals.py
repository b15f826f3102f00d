"""Public signals: facts in the past tense, sent after the commit with ``send_robust``.

Your receivers may be slow and may raise: no money depends on them. ``order_paid``, ``payment_failed`` and
``receipt_unmatched`` are sent at least once. If a receiver raises, or the process dies before it records the delivery,
the signal goes to all receivers again, at least five minutes later and five times at most. Make each receiver
idempotent, and let it read the order's present state. Their sender is the ``MpesaPayment`` class; ``payment`` and ``order`` are
fresh instances.
"""

from django.dispatch import Signal

#: The order is paid and its books are written: you can ship. Arguments: ``order``, ``payment`` (None for money that
#: came by no payment), ``receipt``. One fact per order, sent at least once, so make your receiver idempotent.
order_paid = Signal()

#: A payment ended without money. Arguments: ``order``, ``payment``. Another payment or a late callback can still pay
#: the order. Sent at least once, so make your receiver idempotent.
payment_failed = Signal()

#: Money arrived that is not used for an order: the order is paid or closed, or the amount is wrong. Arguments:
#: ``order``, ``payment``, ``receipt``. Staff decide what to do with the money. Sent at least once, so make your
#: receiver idempotent.
receipt_unmatched = Signal()

#: An alert of the dashboard's overview needs the owner. Arguments: ``key`` (which alert; the word never changes),
#: ``level`` (``urgent`` or ``soon``), ``sentence`` (in the shop's language, without personal data) and ``count``.
#: ``mpesa_reconcile`` sends it once a day while the alert lasts, and does not send it again if a receiver raises.
alert_raised = Signal()
