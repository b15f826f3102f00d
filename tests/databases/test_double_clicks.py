"""A decision about money is confirmed twice at the same moment, as by a double click: it is made once."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.test import Client

from tests.dashboard.money.deciding import agreed, entry_url
from tests.dashboard.staff import VIEW, decision_url
from tests.databases.books import assert_sums_agree
from tests.databases.threads import BusyDaraja, at_once
from tests.services.money import PERMISSIONS
from tests.services.unmatched import fresh, surplus
from tests.shop import new_order, new_staff_user

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _no_delay(daraja: BusyDaraja) -> None:
    daraja.seconds = 0


def desk(clerk: Any) -> Client:
    client = Client()
    client.force_login(clerk)
    return client


def click_twice(url: str, sent: dict[str, Any]) -> set[int]:
    """Confirm a decision in two threads at once; return the statuses of the pages."""
    clerk = new_staff_user(VIEW, *PERMISSIONS)
    clients = [desk(clerk), desk(clerk)]
    confirmation = {**sent, **agreed(clients[0].post(url, sent)), "confirmed": "1"}
    return {each.status_code for each in at_once(partial(client.post, url, confirmation) for client in clients)}


def test_part_of_the_money_is_matched_once() -> None:
    money, order = surplus(), new_order()

    statuses = click_twice(decision_url("allocate", money), {"order": order.number, "amount": "400"})

    assert statuses == {302}
    assert [each.amount for each in order.mpesa_allocations.all()] == [400]
    assert fresh(money).unallocated == 1100
    assert_sums_agree()


def test_money_is_moved_once() -> None:
    money, wrong, right = surplus(), new_order(), new_order()
    click_twice(decision_url("allocate", money), {"order": wrong.number})

    statuses = click_twice(entry_url("move", money), {"order": right.number, "note": "typing error"})

    assert statuses == {302}
    assert [each.amount for each in right.mpesa_allocations.all()] == [1500]
    assert_sums_agree()
