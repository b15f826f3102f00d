"""What the bank reports."""

from __future__ import annotations

from django.dispatch import Signal

#: Arguments: ``order_number``, ``parameters``. Sent once for each order number.
payment_confirmed = Signal()
