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


def pause_calls(now: datetime, *endpoints: str) -> None:
    """Record that Safaricom answered neither prompts nor the checks of a page, or not these endpoints."""
    for endpoint in (endpoints or ("push", "query")) * 3:
        circuit_breaker(now).record(endpoint, is_patient=endpoint == "push", is_answered=False)


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


@pytest.mark.parametrize(
    ("page", "status_checks", "prompts_too"),
    [
        ("dashboard:mpesa-setup", "Paused: status checks.", "Paused: prompts, status checks."),
        ("dashboard:mpesa-overview", "Paused: status checks.", "Prompts are paused, and go on by themselves"),
    ],
)
def test_page_shows_what_is_paused(settings: Any, page: str, status_checks: str, prompts_too: str) -> None:
    set_up(settings)
    staff = Client()
    staff.force_login(new_staff_user("view_mpesapayment"))
    pages = [staff.get(reverse(page)).content.decode()]

    pause_calls(datetime.now(timezone.utc), "query")
    pages.append(staff.get(reverse(page)).content.decode())
    pause_calls(datetime.now(timezone.utc))
    pages.append(staff.get(reverse(page)).content.decode())

    assert [status_checks in text for text in pages] == [False, True, False]
    assert [prompts_too in text for text in pages] == [False, False, True]
