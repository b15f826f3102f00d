"""The practice phone's side of a simulated payment. Nothing here touches a payment of another environment."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.conf import SIMULATED
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.simulator.test_numbers import PHONE_ANSWERS


def mark_prompt_seen(payment: MpesaPayment, *, now: datetime) -> None:
    """The phone's page is open and shows the prompt: from now on the simulator waits for its owner."""
    unseen = MpesaPayment.objects.filter(pk=payment.pk, environment=SIMULATED, practice_seen_at=None)
    unseen.update(practice_seen_at=now)


def answer_prompt(payment: MpesaPayment, *, word: str) -> bool:
    """The owner entered a PIN or pressed Cancel: ``right``, ``wrong`` or ``cancel``; the first answer counts.

    Raises ``ValueError`` for any other word. False if the prompt was gone or answered.
    """
    if word not in PHONE_ANSWERS:
        raise ValueError(f"{word!r} is none of {', '.join(sorted(PHONE_ANSWERS))}")
    waiting = MpesaPayment.objects.filter(
        pk=payment.pk, environment=SIMULATED, status=PaymentStatus.PROCESSING.value, practice_answer=""
    )
    return bool(waiting.update(practice_answer=word))
