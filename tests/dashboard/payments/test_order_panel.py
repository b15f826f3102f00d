"""The M-PESA panel on Oscar's page of an order, for permitted staff and M-PESA orders only."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_class
from oscar.test.factories import PartnerFactory, UserFactory

from oscar_mpesa.checkout.shop_views import with_mixin
from oscar_mpesa.dashboard.payments.order_panel import MpesaOrderPanelMixin
from oscar_mpesa.models import MpesaReceipt
from tests.dashboard.payments.order_pages import page_of, somebody
from tests.query_counts import counted
from tests.shop import ANOTHER, failure, later, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db

OrderDetailView = get_class("dashboard.orders.views", "OrderDetailView")


def test_panel_lists_receipts_and_payments_with_masked_phones() -> None:
    payment = new_payment(phone=ANOTHER)
    post(payment, failure(payment), now=later(10))
    order = pay(new_payment(payment.mpesa_order.order, now=later(200))).mpesa_order.order

    page = page_of(order, somebody("view_mpesapayment"))

    assert reverse("dashboard:mpesa-receipt", args=[MpesaReceipt.objects.get().pk]) in page
    assert 'href="#mpesa"' in page
    assert page.index("0708 •••149") < page.index("0712 •••678") and "canceled on the phone" in page
    assert "TEST: this is not real money." in page
    assert "0712 345 678" not in page and payment.secret not in page


def test_phone_is_in_full_with_permission() -> None:
    order = new_payment(phone=ANOTHER).mpesa_order.order

    assert "0712 345 678" in page_of(order, somebody("view_mpesapayment", "view_full_phone"))


def test_staff_without_permission_see_no_panel() -> None:
    order = pay(new_payment()).mpesa_order.order

    page = page_of(order, somebody())

    assert f"#{order.number}" in page
    assert "mpesa-dashboard" not in page and 'href="#mpesa"' not in page


def test_partner_user_sees_no_panel() -> None:
    order = pay(new_payment()).mpesa_order.order
    user = UserFactory(is_staff=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=["dashboard_access", "view_mpesapayment"]))
    partner = PartnerFactory()
    partner.users.add(user)
    order.lines.update(partner=partner)
    client = Client()
    client.force_login(user)

    page = page_of(order, client)

    assert f"#{order.number}" in page
    assert "mpesa-dashboard" not in page


def without_tokens(page: str) -> str:
    return re.sub(r'value="\w{64}"', "", page)


def rendered(view: Any, order: Any, rf: Any) -> tuple[str, int]:
    """Return a view's page of an order and the number of its queries."""
    request = rf.get("/")
    request.user, request.session, request.basket = get_user_model().objects.get(is_staff=True), {}, None
    request.user.has_perm("order.view_order")  # the permission check has cached it
    with counted() as count:
        response = view.as_view()(request, number=order.number)
        response.render()
    return without_tokens(response.content.decode()), len(count)


def test_order_without_mpesa_costs_one_more_query(rf: Any) -> None:
    order = new_order(status="Pending")
    somebody("view_mpesapayment")
    rendered(OrderDetailView, order, rf)  # fill caches

    before, cost_before = rendered(OrderDetailView, order, rf)
    after, cost = rendered(with_mixin(OrderDetailView, MpesaOrderPanelMixin), order, rf)

    assert after == before and "mpesa-dashboard" not in after
    assert cost <= cost_before + 1


def test_order_with_mpesa_costs_seven_more_queries(rf: Any) -> None:
    order = pay(new_payment()).mpesa_order.order
    somebody("view_mpesapayment")
    rendered(OrderDetailView, order, rf)

    before, cost_before = rendered(OrderDetailView, order, rf)
    after, cost = rendered(with_mixin(OrderDetailView, MpesaOrderPanelMixin), order, rf)

    assert "mpesa-dashboard" in after and "mpesa-dashboard" not in before
    assert cost <= cost_before + 7


def test_order_note_can_still_be_saved() -> None:
    order = pay(new_payment()).mpesa_order.order
    client = somebody("view_mpesapayment")

    refused = client.post(reverse("dashboard:order-detail", args=[order.number]), {"order_action": "save_note"})
    saved = client.post(
        reverse("dashboard:order-detail", args=[order.number]), {"order_action": "save_note", "message": "called"}
    )

    assert refused.status_code == 200 and "mpesa-order-panel" in refused.content.decode()
    assert saved.status_code == 302 and order.notes.filter(message="called").exists()
