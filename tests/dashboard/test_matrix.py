"""Every page of the desk, and everybody who may come by: no URL is forgotten, and none changes anything on GET."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from oscar.test.factories import UserFactory

from tests.dashboard.rows import Rows, all_rows

pytestmark = pytest.mark.django_db

VIEW = "view_mpesapayment"


@dataclass(frozen=True, slots=True)
class Door:
    """What a URL wants: permissions beside being staff, the row whose id it takes, and whether it is POST only."""

    needs: tuple[str, ...] = (VIEW,)
    of: str = ""
    only_post: bool = False


#: A new URL is written down here, or the test below names it.
DOORS = {
    "mpesa-overview": Door(),
    "mpesa-callbacks": Door(),
    "mpesa-callback": Door(of="callback"),
    "mpesa-callback-process": Door(needs=(VIEW, "act_on_payment"), of="callback", only_post=True),
    "mpesa-setup": Door(),
    "mpesa-receipts": Door(),
    "mpesa-receipts-export": Door(needs=(VIEW, "export_payments")),
    "mpesa-receipt": Door(of="receipt"),
    "mpesa-receipt-apply": Door(needs=(VIEW, "apply_receipt"), of="receipt", only_post=True),
    "mpesa-receipt-return": Door(needs=(VIEW, "record_return"), of="receipt", only_post=True),
    "mpesa-receipt-explain": Door(needs=(VIEW, "explain_receipt"), of="receipt", only_post=True),
    "mpesa-record": Door(needs=(VIEW, "record_receipt")),
    "mpesa-payments": Door(),
    "mpesa-payments-export": Door(needs=(VIEW, "export_payments")),
    "mpesa-payment": Door(of="payment"),
    "mpesa-payment-ask": Door(needs=(VIEW, "act_on_payment"), of="payment", only_post=True),
    "mpesa-payment-send": Door(needs=(VIEW, "act_on_payment"), of="payment", only_post=True),
    "mpesa-payment-block": Door(needs=(VIEW, "block_phone"), of="payment", only_post=True),
    "mpesa-payment-release": Door(needs=(VIEW, "release_order"), of="payment", only_post=True),
}

PERMISSIONS = [
    VIEW,
    "act_on_payment",
    "export_payments",
    "view_full_phone",
    "release_order",
    "block_phone",
    "apply_receipt",
    "record_receipt",
    "record_return",
    "explain_receipt",
]

PEOPLE = ["anonymous", "shopper", "partner", "plain staff", *PERMISSIONS, "superuser"]


@pytest.fixture
def rows() -> Rows:
    return Rows()


def somebody(who: str) -> tuple[Client, set[str]]:
    """A browser, and the permissions of who sits at it; a permission's name is staff with it and with ``VIEW``."""
    client = Client()
    if who == "anonymous":
        return client, set()
    names = {"partner": {"dashboard_access"}, "shopper": set(), "plain staff": set(), "superuser": set(PERMISSIONS)}
    held = names.get(who, {VIEW, who})
    user = UserFactory(is_staff=who not in {"shopper", "partner"}, is_superuser=who == "superuser")
    user.user_permissions.set(Permission.objects.filter(codename__in=held))
    client.force_login(user)
    return client, held


def address(name: str, rows: Any) -> str:
    door = DOORS[name]
    return reverse(f"dashboard:{name}", args=[getattr(rows, door.of)] if door.of else [])


def test_every_url_of_the_desk_is_in_the_table() -> None:
    config: Any = apps.get_app_config("oscar_mpesa")

    assert {pattern.name for pattern in config.get_urls()} == set(DOORS)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", DOORS)
def test_who_may_open_it(rows: Rows, name: str, who: str) -> None:
    door = DOORS[name]
    client, held = somebody(who)
    before = all_rows()

    response = client.get(address(name, rows))

    is_staff = who not in {"anonymous", "shopper", "partner"}
    may = is_staff and set(door.needs) <= held
    expected = 302 if who == "anonymous" else 403 if not may else 405 if door.only_post else 200
    assert response.status_code == expected
    if who == "anonymous":
        assert response["Location"].startswith(reverse("dashboard:login"))
    assert all_rows() == before


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", DOORS)
def test_who_may_not_open_it_may_not_press_it_either(rows: Rows, name: str, who: str) -> None:
    client, held = somebody(who)
    is_staff = who not in {"anonymous", "shopper", "partner"}
    before = all_rows()

    response = client.post(address(name, rows))

    if not is_staff or not set(DOORS[name].needs) <= held:
        assert response.status_code == (302 if who == "anonymous" else 403)
        assert all_rows() == before
    else:
        assert response.status_code < 500
