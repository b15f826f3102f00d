"""A person has a callback worked through again: only one that has no verdict yet, and money counts once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from oscar_mpesa.models import MpesaCallback, MpesaEvent, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.callbacks import BeingProcessed, ReprocessingRefused, receive_callback, reprocess_callback
from tests.shop import NOON, failure, later, new_clerk, new_payment, post, success

pytestmark = pytest.mark.django_db(transaction=True)


def unfinished(payment: MpesaPayment, verdict: str, **columns: Any) -> MpesaCallback:
    """One whose process died, or that something kept from being believed."""
    return MpesaCallback.objects.create(
        body=success(payment), received_at=NOON, environment="simulated", payment=payment, verdict=verdict, **columns
    )


def clerk() -> Any:
    return new_clerk("view_mpesapayment", "act_on_payment")


@pytest.mark.parametrize(
    ("verdict", "tries"), [("received", 0), ("failed", 1), ("failed", 10)], ids=["received", "failed", "given up"]
)
def test_what_was_kept_and_not_believed_is_believed_now(verdict: str, tries: int) -> None:
    payment = new_payment()
    callback = unfinished(payment, verdict, tries=tries)

    done = reprocess_callback(callback, by=clerk(), now=later(60))

    payment.refresh_from_db()
    assert done and payment.is_paid
    assert MpesaCallback.objects.get().verdict == "applied"


def test_it_is_written_down_who_wanted_it() -> None:
    callback = unfinished(new_payment(), "failed")

    reprocess_callback(callback, by=clerk(), now=later(60))

    event = MpesaEvent.objects.get(type="callback_reprocessed")
    assert (event.by_name, event.params) == ("Achieng Were", {"callback": callback.pk})


def test_two_people_at_once_count_it_once() -> None:
    callback = unfinished(new_payment(), "failed")
    same = MpesaCallback.objects.get()

    reprocess_callback(callback, by=clerk(), now=later(60))
    reprocess_callback(same, by=clerk(), now=later(60))

    assert MpesaReceipt.objects.count() == 1
    assert MpesaCallback.objects.get().tries == 1


def test_one_that_has_its_verdict_is_let_be() -> None:
    payment = new_payment()
    callback = post(payment, failure(payment))

    with pytest.raises(ReprocessingRefused):
        reprocess_callback(callback, by=clerk(), now=later(60))

    assert not MpesaEvent.objects.filter(type="callback_reprocessed").exists()


def test_one_of_a_stranger_s_is_never_believed() -> None:
    callback = receive_callback(success(new_payment()), secret="", address=None, now=NOON)
    assert callback is not None
    callback.verdict = "failed"

    with pytest.raises(ReprocessingRefused):
        reprocess_callback(callback, by=clerk(), now=later(60))


def test_one_that_came_a_moment_ago_is_left_to_who_took_it_in() -> None:
    callback = unfinished(new_payment(), "received")

    with pytest.raises(BeingProcessed):
        reprocess_callback(callback, by=clerk(), now=later(59))


def test_who_may_only_look_may_not_do_it() -> None:
    callback = unfinished(new_payment(), "failed")

    with pytest.raises(PermissionDenied):
        reprocess_callback(callback, by=new_clerk("view_mpesapayment"), now=later(60))

    assert MpesaCallback.objects.get().verdict == "failed"
