"""Orders are linked only if their page exists and the user may open it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from oscar_mpesa.access.order_pages import may_see_orders, order_link, order_url
from tests.shop import allow_order_pages, new_staff_user

pytestmark = pytest.mark.django_db


def clerk(*, sees_orders: bool) -> Any:
    user = new_staff_user("view_mpesapayment")
    if sees_orders:
        allow_order_pages(user)
    return user


def test_order_is_linked_for_staff_who_may_open_it() -> None:
    user, url = clerk(sees_orders=True), reverse("dashboard:order-detail", args=["100042"])

    assert may_see_orders(user)
    assert order_url(user, "100042") == url
    assert order_link(user, "100042") == f'<a href="{url}">100042</a>'


def test_order_is_plain_text_for_staff_who_may_not_open_it() -> None:
    user = clerk(sees_orders=False)

    assert not may_see_orders(user)
    assert (order_url(user, "100042"), order_link(user, "100042")) == ("", "100042")


@pytest.mark.parametrize("number", ["2026/11/0001", ""])
def test_number_without_a_page_is_plain_text(number: str) -> None:
    user = clerk(sees_orders=True)

    assert (order_url(user, number), order_link(user, number)) == ("", number)
