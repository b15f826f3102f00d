"""Staff process a stored callback again, if it has no verdict yet; its money counts once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from oscar_mpesa.models import MpesaCallback, MpesaEvent, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.callbacks import BeingProcessed, ReprocessingRefused, receive_callback, reprocess_callback
from tests.shop import NOON, failure, later, new_payment, new_staff_user, post, success

pytestmark = pytest.mark.django_db(transaction=True)


def unfinished(payment: MpesaPayment, verdict: str, **columns: Any) -> MpesaCallback:
    """Store a callback whose process died, or whose processing failed."""
    return MpesaCallback.objects.create(
        body=success(payment), received_at=NOON, environment="simulated", payment=payment, verdict=verdict, **columns
    )


def staff() -> Any:
    return new_staff_user("view_mpesapayment", "act_on_payment")


@pytest.mark.parametrize(
    ("verdict", "tries"), [("received", 0), ("failed", 1), ("failed", 10)], ids=["received", "failed", "given up"]
)
def test_reprocessing_applies_a_stored_callback(verdict: str, tries: int) -> None:
    payment = new_payment()
    callback = unfinished(payment, verdict, tries=tries)

    done = reprocess_callback(callback, by=staff(), now=later(60))

    payment.refresh_from_db()
    assert done and payment.is_paid
    assert MpesaCallback.objects.get().verdict == "applied"


def test_reprocessing_keeps_who_asked_for_it() -> None:
    callback = unfinished(new_payment(), "failed")

    reprocess_callback(callback, by=staff(), now=later(60))

    event = MpesaEvent.objects.get(type="callback_reprocessed")
    assert (event.by_name, event.params) == ("Achieng Were", {"callback": callback.pk})


def test_two_users_at_once_apply_it_once() -> None:
    callback = unfinished(new_payment(), "failed")
    same = MpesaCallback.objects.get()

    reprocess_callback(callback, by=staff(), now=later(60))
    reprocess_callback(same, by=staff(), now=later(60))

    assert MpesaReceipt.objects.count() == 1
    assert MpesaCallback.objects.get().tries == 1


def test_callback_with_a_verdict_is_refused() -> None:
    payment = new_payment()
    callback = post(payment, failure(payment))

    with pytest.raises(ReprocessingRefused):
        reprocess_callback(callback, by=staff(), now=later(60))

    assert not MpesaEvent.objects.filter(type="callback_reprocessed").exists()


def test_unverified_callback_is_never_applied() -> None:
    callback = receive_callback(success(new_payment()), secret="", address=None, now=NOON)
    assert callback is not None
    callback.verdict = "failed"

    with pytest.raises(ReprocessingRefused):
        reprocess_callback(callback, by=staff(), now=later(60))


def test_recent_callback_is_left_to_the_process_that_received_it() -> None:
    callback = unfinished(new_payment(), "received")

    with pytest.raises(BeingProcessed):
        reprocess_callback(callback, by=staff(), now=later(59))


def test_view_permission_does_not_allow_reprocessing() -> None:
    callback = unfinished(new_payment(), "failed")

    with pytest.raises(PermissionDenied):
        reprocess_callback(callback, by=new_staff_user("view_mpesapayment"), now=later(60))

    assert MpesaCallback.objects.get().verdict == "failed"
