"""Record what the practice phone does with a simulated prompt. Payments of other environments never change."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.conf import SIMULATED
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.simulator.test_numbers import PHONE_ANSWERS


def mark_prompt_seen(payment: MpesaPayment, *, now: datetime) -> None:
    """Record that the practice phone shows the prompt. The simulator then waits for an answer."""
    unseen = MpesaPayment.objects.filter(pk=payment.pk, environment=SIMULATED, practice_seen_at=None)
    unseen.update(practice_seen_at=now)


def answer_prompt(payment: MpesaPayment, *, word: str) -> bool:
    """Record the answer to the prompt: ``right``, ``wrong`` or ``cancel``. The first answer counts.

    Returns False if the prompt is gone or answered. Raises ``ValueError`` for any other word.
    """
    if word not in PHONE_ANSWERS:
        raise ValueError(f"{word!r} is none of {', '.join(sorted(PHONE_ANSWERS))}")
    unanswered = MpesaPayment.objects.filter(
        pk=payment.pk, environment=SIMULATED, status=PaymentStatus.PROCESSING.value, practice_answer=""
    )
    return bool(unanswered.update(practice_answer=word))
