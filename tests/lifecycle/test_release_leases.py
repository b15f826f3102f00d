"""Orders that the clock has nothing to do with any more."""

from __future__ import annotations

import pytest

from oscar_mpesa.lifecycle.releasing import Release
from tests.lifecycle.test_releasing import looked_at, prompted, row
from tests.shop import ANOTHER, failure, later, pay, post

pytestmark = pytest.mark.django_db


def test_a_paid_order_is_not_asked_about_again_when_its_time_is_over() -> None:
    first = prompted()
    post(first, failure(first), now=later(20))
    pay(prompted(first.mpesa_order.order, phone=ANOTHER, now=later(100)), now=later(120))

    outcome = looked_at(first)

    assert (outcome, row(first).release_at) == (Release.PAID, None)
