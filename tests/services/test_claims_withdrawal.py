"""Withdraw payments that staff recorded by mistake (L10)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaEvent
from oscar_mpesa.services.claims import open_claims_of, withdraw_claim
from oscar_mpesa.services.exceptions import (
    ClaimEnded,
    NoteMissing,
)
from tests.services.money import (
    FIRST,
    balance,
    books,
    claim_for,
    entries,
    row,
)
from tests.services.recorded_codes import record_code
from tests.shop import later, new_order, new_payment, new_staff_user

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


def test_withdrawn_claim_counts_no_more(staff: Any) -> None:
    order = new_order(status="Pending")
    claim = claim_for(order, staff)

    withdraw_claim(claim, by=staff, note="another shop's code", now=later(900))

    claim.refresh_from_db()
    assert (claim.status, claim.open_number, claim.ended_at) == ("withdrawn", None, later(900))
    assert (balance(order), entries(order), books(order)) == ((False, 1500), [], 0)
    event = MpesaEvent.objects.get(type="claim_withdrawn")
    assert (event.by, event.params["number"], event.params["note"]) == (staff, FIRST, "another shop's code")
    assert claim.allocations.get().reversal_reason == "withdrawn"


def test_withdrawn_code_can_be_recorded_for_the_right_order(staff: Any) -> None:
    wrong, right = new_order(status="Pending"), new_order(status="Pending")
    withdraw_claim(claim_for(wrong, staff), by=staff, note="wrong order", now=later(900))

    claim_for(right, staff, at=950)

    assert (balance(wrong), balance(right)) == ((False, 1500), (True, 0))


def test_claim_is_withdrawn_once(staff: Any) -> None:
    claim = claim_for(new_order(status="Pending"), staff)
    withdraw_claim(claim, by=staff, note="a mistake", now=later(900))

    with pytest.raises(ClaimEnded):
        withdraw_claim(claim, by=staff, note="again", now=later(901))


def test_withdrawing_needs_permission_and_a_note(staff: Any) -> None:
    claim = claim_for(new_order(status="Pending"), staff)

    with pytest.raises(PermissionDenied):
        withdraw_claim(claim, by=new_staff_user("match_receipt"), note="a mistake", now=later(900))
    with pytest.raises(NoteMissing):
        withdraw_claim(claim, by=staff, note=" ", now=later(900))

    assert open_claims_of(row(claim.order)) == [claim]


def test_claim_keeps_the_time_that_the_portal_shows(staff: Any) -> None:
    payment = new_payment()

    claim = record_code(payment, by=staff, paid_at=later(100))

    assert (claim.paid_at, claim.created_at) == (later(100), later(400))
