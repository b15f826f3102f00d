"""Recording a payment for an order that staff closed does what its review says: it reopens and pays the order."""

from __future__ import annotations

import pytest

from tests.dashboard.forms import review_text
from tests.dashboard.staff import new_claim, page_text, staff_client, url_of
from tests.payment_results import cancelled, closed_by_staff
from tests.services.money import row
from tests.shop import new_staff_user

pytestmark = pytest.mark.django_db


def test_review_of_a_closed_order_promises_what_happens() -> None:
    payment = closed_by_staff(cancelled(), by=new_staff_user("close_order"))
    order = payment.mpesa_order.order

    review = review_text(order)
    new_claim(order)

    assert f"Order {order.number} is reopened. This pays order {order.number}." in review
    assert (row(order).is_paid, row(order).is_closed) == (True, False)
    page = page_text(staff_client().get(url_of("payment", payment.pk)))
    assert "The order is paid, but not by this payment." in page
    assert "waits for a decision" not in page
