"""The people who reach a payment page, and the buttons that its HTML offers them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from oscar_mpesa.access.ownership import LINKS_KEY, ORDERS_KEY
from oscar_mpesa.models import MpesaPayLink, MpesaPayment
from tests.shop import new_staff_user

#: Each POST of the payment page: the end of its URL and its data.
ACTIONS: Mapping[str, tuple[str, dict[str, str]]] = {
    "send to a number": ("retry", {"phone_number": "0708374149"}),
    "send again": ("retry", {"again": "yes"}),
    "pay later": ("pay-later", {}),
    "pay another way": ("other-method", {}),
    "restore the basket": ("restore-basket", {}),
    "see the order": ("done", {}),
    "revoke the link": ("revoke-link", {}),
    "make a new link": ("new-link", {}),
}

FORM = re.compile(r'<form method="post" action="[^"]*/mpesa/[0-9a-f]{32}/([a-z-]+)/"[^>]*>(.*?)</form>', re.DOTALL)


def offered_actions(page: str) -> set[str]:
    """Return the actions whose button the page has, without a button that opens later."""
    forms = {(end, 'name="again"' in form) for end, form in FORM.findall(page) if "data-opens" not in form}
    return {name for name, (end, data) in ACTIONS.items() if (end, "again" in data) in forms}


def page_url(payment: MpesaPayment) -> str:
    return f"/en/checkout/mpesa/{payment.mpesa_order.public_id}/"


def owner_by_session(payment: MpesaPayment, link: MpesaPayLink) -> Client:
    return _with_session(**{ORDERS_KEY: [payment.mpesa_order.public_id]})


def owner_by_account(payment: MpesaPayment, link: MpesaPayLink) -> Client:
    order = payment.mpesa_order.order
    order.user = get_user_model().objects.create_user("achieng", "achieng@example.com")
    order.save(update_fields=["user"])
    return _signed_in(order.user)


def link_holder(payment: MpesaPayment, link: MpesaPayLink) -> Client:
    return _with_session(**{LINKS_KEY: [link.pk]})


def holder_of_a_revoked_link(payment: MpesaPayment, link: MpesaPayLink) -> Client:
    revoked = MpesaPayLink.objects.create(
        mpesa_order=link.mpesa_order, created_at=link.created_at, expires_at=link.expires_at, revoked_at=link.created_at
    )
    return _with_session(**{LINKS_KEY: [revoked.pk]})


def visitor(payment: MpesaPayment, link: MpesaPayLink) -> Client:
    return Client()


def staff(payment: MpesaPayment, link: MpesaPayLink) -> Client:
    return _signed_in(new_staff_user("view_mpesapayment", "act_on_payment", "close_order"))


def _with_session(**data: Any) -> Client:
    client = Client()
    session = client.session
    session.update(data)
    session.save()
    return client


def _signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


Person = Callable[[MpesaPayment, MpesaPayLink], Client]

#: People with a payment page.
READERS: Mapping[str, Person] = {
    "owner by session": owner_by_session,
    "owner by account": owner_by_account,
    "link holder": link_holder,
}

#: People without one.
OTHERS: Mapping[str, Person] = {
    "holder of a revoked link": holder_of_a_revoked_link,
    "visitor": visitor,
    "staff": staff,
}
