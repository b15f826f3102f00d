"""A payment's page names the customer and what was ordered, and keeps notes for staff."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from oscar_mpesa.models import MpesaEvent
from oscar_mpesa.services.exceptions import NoteMissing
from oscar_mpesa.services.notes import add_note
from tests.browser import states
from tests.dashboard.failed_payments import waited
from tests.dashboard.staff import VIEW, page_text, staff_client, url_of
from tests.shop import NOON, allow_order_pages, later, new_order, new_payment, new_staff_user

pytestmark = pytest.mark.django_db


def client_with_orders(*permissions: str) -> Client:
    """Return the client of staff who may open Oscar's order pages."""
    client, clerk = Client(), new_staff_user(VIEW, *permissions)
    allow_order_pages(clerk)
    client.force_login(clerk)
    return client


def test_page_names_the_customer_and_at_most_eight_items() -> None:
    payment = new_payment(new_order(lines=11))

    page = page_text(client_with_orders().get(url_of("payment", payment.pk)))

    assert "guest@example.com" in page
    assert page.count("1 × Kiondo") == 8
    assert "and 3 more" in page


def test_staff_without_order_pages_see_no_customer() -> None:
    payment = new_payment()

    page = page_text(staff_client("view_full_phone").get(url_of("payment", payment.pk)))

    assert "guest@example.com" not in page
    assert "Kiondo" not in page
    assert "Facts" in page


def test_other_payments_of_the_phone_need_full_numbers() -> None:
    first, second = states.paid(), states.failed(1032)()
    there = url_of("payment", second.pk)
    other = url_of("payment", first.pk)
    first.__class__.objects.update(phone="254712345678")

    seen = client_with_orders("view_full_phone").get(there).content.decode()
    masked = client_with_orders().get(there).content.decode()

    assert "Other payments of this phone" in seen
    assert f'href="{other}"' in seen
    assert "Other payments of this phone" not in masked
    assert f'href="{other}"' not in masked


def save(client: Client, pk: int, note: str) -> str:
    return page_text(client.post(url_of("payment-add-note", pk), {"internal-note": note}, follow=True))


def test_note_is_saved_once_with_a_name() -> None:
    payment, client = waited(), staff_client("act_on_payment")

    text = save(client, payment.pk, "She pays on Friday")
    again = save(client, payment.pk, "She pays on Friday")
    empty = save(client, payment.pk, "  ")

    assert "The note is saved. Only staff can read it." in text
    assert "This note is already saved." in again
    assert "Write a note." in empty
    event = MpesaEvent.objects.get(type="note_added")
    assert (event.params, event.by_name) == ({"note": "She pays on Friday"}, "Achieng Were")


def test_phone_in_a_note_is_masked() -> None:
    payment, client = waited(), staff_client("act_on_payment")

    text = save(client, payment.pk, "Call 0722 111 222 on Friday")

    assert "on Friday" in text
    assert "0722 111 222" not in text
    assert "0722 111 222" in page_text(staff_client("view_full_phone").get(url_of("payment", payment.pk)))


def test_service_refuses_notes_without_permission_or_words() -> None:
    mpesa_order = waited().mpesa_order

    with pytest.raises(PermissionDenied):
        add_note(mpesa_order, "Friday", by=new_staff_user(), now=NOON)
    with pytest.raises(NoteMissing):
        add_note(mpesa_order, " ", by=new_staff_user("act_on_payment"), now=NOON)
    assert not MpesaEvent.objects.filter(type="note_added").exists()
    assert add_note(mpesa_order, "Friday", by=new_staff_user("act_on_payment"), now=later(5))
