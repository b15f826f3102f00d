"""Announcements: facts in the past, sent after commit with ``send_robust``.

A receiver of a public signal may take its time and may fail: no money depends on it. Each fact is told at least once:
again after five minutes, to all receivers, if one of them raised or the process died before it could note that it had
told, five times at most. So a receiver has to be idempotent, and looks at the order as it is by then. The sender is
the ``MpesaPayment`` class; ``payment`` and ``order`` are fresh instances.
"""

from django.dispatch import Signal

#: The order's money is there and in the books: ship now. Arguments: ``order``, ``payment``, ``receipt``. One fact an
#: order, told at least once; make it idempotent.
order_paid = Signal()

#: An attempt ended without money. Arguments: ``order``, ``payment``. A later attempt, or late news, may still pay.
#: Told at least once; make it idempotent.
payment_failed = Signal()

#: Money arrived that the order did not take: paid already, closed, or another amount. Arguments: ``order``,
#: ``payment``, ``receipt``. Staff decide what becomes of it. Told at least once; make it idempotent.
money_astray = Signal()

#: Something needs the owner, as the overview of the dashboard says. Arguments: ``key`` (which thing, the same word
#: each time), ``level`` (``urgent`` or ``soon``), ``sentence`` (in the shop's language, with no personal data) and
#: ``count``. Told once a day as long as it is true, by ``mpesa_reconcile``; not told again if a receiver raises.
attention_needed = Signal()
