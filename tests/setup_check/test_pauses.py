"""The dashboard says which calls to Safaricom are paused."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oscar_mpesa.services.circuit_breaker import circuit_breaker
from oscar_mpesa.setup_check.run import run_local_checks
from tests.setup_check.probes import by_name, set_up
from tests.shop import NOON, later, new_staff_user

pytestmark = pytest.mark.django_db(transaction=True)


def pause_calls(now: datetime) -> None:
    """Record that Safaricom answered neither prompts nor the checks of a page."""
    for _ in range(3):
        circuit_breaker(now).record("push", is_patient=True, is_answered=False)
        circuit_breaker(now).record("query", is_patient=False, is_answered=False)


def test_paused_calls_are_a_finding_until_safaricom_answers(settings: Any) -> None:
    set_up(settings)
    before = by_name(run_local_checks(NOON))
    pause_calls(NOON)

    paused = by_name(run_local_checks(later(5)))["calls-paused"]
    circuit_breaker(later(40)).record("push", is_patient=True, is_answered=True)
    circuit_breaker(later(40)).record("query", is_patient=False, is_answered=True)
    after = by_name(run_local_checks(later(41)))

    assert paused.sentence == (
        "Safaricom has not answered since 15:00. Paused: prompts, status checks. Next try: 15:00."
    )
    assert "calls-paused" not in {*before, *after}


@pytest.mark.parametrize("page", ["dashboard:mpesa-setup", "dashboard:mpesa-overview"])
def test_page_shows_what_is_paused(settings: Any, page: str) -> None:
    set_up(settings)
    staff = Client()
    staff.force_login(new_staff_user("view_mpesapayment"))
    before = staff.get(reverse(page)).content.decode()

    pause_calls(datetime.now(timezone.utc))
    after = staff.get(reverse(page)).content.decode()

    assert "Paused: prompts, status checks." in after
    assert "Paused:" not in before
