"""The activity page shows what staff did, and nothing that happened by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from oscar_mpesa.models import EventType, MpesaEvent
from oscar_mpesa.services import audit
from oscar_mpesa.services.blocked_phones import block_phone
from oscar_mpesa.services.roles import CASHIER, change_role
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.query_counts import counted
from tests.reports.plans import plan
from tests.shop import NOON, PAYS, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

NOTHING = "Nothing was done by staff on these days."


def shown(*permissions: str, **query: Any) -> str:
    response = staff_client("view_activity", *permissions).get(url_of("activity"), query)
    assert response.status_code == 200
    return page_text(response)


def blocked(note: str = "asked by phone", *, by: Any = None, at: Any = NOON) -> Any:
    by = by or new_staff_user("block_phone")
    block_phone(PAYS, by=by, note=note, now=at)
    return by


def test_page_names_who_did_what_and_not_what_the_app_did() -> None:
    pay(new_payment())
    blocked()

    words = shown()

    assert "Achieng Were No more prompts to this number" in words
    assert "asked by phone" in words
    assert "Payment ended" not in words
    assert MpesaEvent.objects.filter(type="payment_settled").exists()


def test_payment_and_role_are_named() -> None:
    payment, boss = new_payment(), get_user_model().objects.create_superuser("boss", "boss@example.com", "x")
    audit.record(EventType.PUSH_REQUESTED, payment, now=NOON, by=boss)
    change_role(new_staff_user(), CASHIER, is_given=True, by=boss, now=NOON)

    words = shown()

    assert f"Prompt requested · payment for order {payment.mpesa_order.order.number}" in words
    assert "Role given Achieng Were · M-PESA cashier" in words


def test_numbers_in_notes_are_masked_without_the_permission() -> None:
    blocked(note="0712345678 asked for it")

    assert "0712345678" not in shown()
    assert "0712345678 asked for it" in shown("view_full_phone")


@pytest.mark.parametrize(
    ("query", "is_shown"),
    [
        ({"action": "phone_blocked"}, True),
        ({"action": "refund_recorded"}, False),
        ({"since": "2026-11-23", "until": "2026-11-23"}, True),
        ({"since": "2026-11-24"}, False),
        ({"until": "2026-11-22"}, False),
    ],
)
def test_day_and_action_filter_the_rows(query: dict[str, str], is_shown: bool) -> None:
    blocked()

    words = shown(**query)

    assert ("asked by phone" in words, NOTHING in words) == (is_shown, not is_shown)


def test_person_filters_the_rows() -> None:
    by = blocked()
    other = new_staff_user("block_phone")

    assert "asked by phone" in shown(person=by.pk)
    assert NOTHING in shown(person=other.pk)


def test_wrong_filter_shows_its_error_and_no_rows() -> None:
    blocked()

    words = shown(since="soon")

    assert "Enter a valid date." in words
    assert "asked by phone" not in words


def test_older_page_goes_on_where_the_first_ended() -> None:
    by = new_staff_user()
    for number in range(30):
        moment = NOON + timedelta(minutes=number // 2)
        audit.record(EventType.QUERY_REQUESTED, None, now=moment, by=by, note=f"row {number:02}")
    MpesaEvent.objects.update(type=EventType.RECEIPT_RESOLVED)
    client = staff_client("view_activity")

    first = client.get(url_of("activity"))
    older = client.get(f"{url_of('activity')}?{first.context['older']}")

    assert [row.detail for row in first.context["rows"]] == [f"row {number:02}" for number in range(29, 4, -1)]
    assert [row.detail for row in older.context["rows"]] == [f"row {number:02}" for number in range(4, -1, -1)]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="each database writes its plans differently")
@pytest.mark.parametrize("query", [{}, {"action": "phone_blocked"}, {"since": "2026-11-01"}])
def test_page_reads_the_newest_rows_by_an_index(query: dict[str, str]) -> None:
    by, client = blocked(), staff_client("view_activity")

    with counted() as queries:
        client.get(url_of("activity"), {**query, **({"person": by.pk} if not query else {})})

    (sql,) = [each for each in queries if 'FROM "oscar_mpesa_mpesaevent"' in each and "LIMIT" in each]
    steps = plan(sql)
    assert [step for step in steps if step.startswith("SEARCH oscar_mpesa_mpesaevent USING INDEX")] != []
    assert [step for step in steps if step.startswith("SCAN") or "TEMP B-TREE FOR ORDER BY" in step] == []
