"""Staff make a payment link for a caller, and pass it on by WhatsApp or email."""

from __future__ import annotations

import html
from urllib.parse import unquote

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from oscar_mpesa.models import MpesaEvent, MpesaPayLink
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.pay_links import make_link
from tests.browser import states
from tests.dashboard.failed_payments import waited
from tests.dashboard.staff import VIEW, staff_client, url_of
from tests.shop import NOON, allow_order_pages, new_staff_user

pytestmark = pytest.mark.django_db


def made(client: Client, pk: int) -> str:
    """Make a link, and return the HTML of the next page."""
    return html.unescape(client.post(url_of("payment-make-link", pk), follow=True).content.decode())


def test_link_is_made_once_by_a_named_person_and_opens_the_page() -> None:
    payment, client = waited(), staff_client("act_on_payment")

    page = made(client, payment.pk)
    made(client, payment.pk)

    link = MpesaPayLink.objects.get()
    assert f"/mpesa/pay/{link.token}/" in page
    assert MpesaEvent.objects.get(type="pay_link_created").by_name == "Achieng Were"
    assert Client().get(f"/en/checkout/mpesa/pay/{link.token}/", follow=True).status_code == 200


def test_whatsapp_has_the_number_only_for_staff_who_may_see_it() -> None:
    payment = waited()

    masked = made(staff_client("act_on_payment"), payment.pk)
    full = made(staff_client("act_on_payment", "view_full_phone"), payment.pk)

    assert "https://wa.me/?text=" in masked
    assert "254712345678" not in masked
    assert "https://wa.me/254712345678?text=" in full
    assert f"pay KSh 1,500 for order {payment.mpesa_order.order.number} by M-PESA here: http" in unquote(full)


def test_email_is_for_staff_who_may_see_orders() -> None:
    payment, client, clerk = waited(), Client(), new_staff_user(VIEW, "act_on_payment")
    allow_order_pages(clerk)
    client.force_login(clerk)

    assert "mailto:guest@example.com?subject=" in made(client, payment.pk)
    assert "mailto:guest" not in made(staff_client("act_on_payment"), payment.pk)


def test_staff_without_permission_do_not_see_the_link() -> None:
    payment = waited()
    made(staff_client("act_on_payment"), payment.pk)
    token = MpesaPayLink.objects.get().token
    there = url_of("payment", payment.pk)

    assert token in staff_client("act_on_payment").get(there).content.decode()
    assert token not in staff_client().get(there).content.decode()


def test_service_refuses_links_of_paid_orders_and_without_permission() -> None:
    paid, unpaid = states.paid().mpesa_order.order, waited().mpesa_order.order

    with pytest.raises(NotPayable):
        make_link(paid, actor=Actor(role=Role.STAFF, user=new_staff_user("act_on_payment")), now=NOON)
    with pytest.raises(PermissionDenied):
        make_link(unpaid, actor=Actor(role=Role.STAFF, user=new_staff_user()), now=NOON)
    assert not MpesaPayLink.objects.exists()
