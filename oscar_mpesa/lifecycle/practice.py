"""The practice phone's side of a simulated payment. Nothing here touches a payment of another environment."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.conf import SIMULATED
from oscar_mpesa.domain.status import Status
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.simulator.script import HANDSET_ANSWERS


def see(payment: MpesaPayment, *, now: datetime) -> None:
    """The phone's page is open and shows the prompt: from now on the simulator waits for its owner."""
    unseen = MpesaPayment.objects.filter(pk=payment.pk, environment=SIMULATED, handset_seen_at=None)
    unseen.update(handset_seen_at=now)


def answer(payment: MpesaPayment, *, word: str) -> bool:
    """The owner entered a PIN or pressed Cancel: ``right``, ``wrong`` or ``cancel``; the first answer counts.

    Raises ``ValueError`` for any other word. False if the prompt was gone or answered.
    """
    if word not in HANDSET_ANSWERS:
        raise ValueError(f"{word!r} is none of {', '.join(sorted(HANDSET_ANSWERS))}")
    waiting = MpesaPayment.objects.filter(
        pk=payment.pk, environment=SIMULATED, status=Status.PROCESSING.value, handset_answer=""
    )
    return bool(waiting.update(handset_answer=word))
