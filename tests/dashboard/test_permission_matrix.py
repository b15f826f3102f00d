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

from tests.dashboard.rows import Rows
from tests.rows import all_rows

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
    "mpesa-receipt-allocate": Door(needs=(VIEW, "apply_receipt"), of="receipt", only_post=True),
    "mpesa-receipt-refund": Door(needs=(VIEW, "record_return"), of="receipt", only_post=True),
    "mpesa-receipt-resolve": Door(needs=(VIEW, "explain_receipt"), of="receipt", only_post=True),
    "mpesa-record": Door(needs=(VIEW, "record_receipt")),
    "mpesa-payments": Door(),
    "mpesa-payments-export": Door(needs=(VIEW, "export_payments")),
    "mpesa-payment": Door(of="payment"),
    "mpesa-payment-check-status": Door(needs=(VIEW, "act_on_payment"), of="payment", only_post=True),
    "mpesa-payment-send-prompt": Door(needs=(VIEW, "act_on_payment"), of="payment", only_post=True),
    "mpesa-payment-block-phone": Door(needs=(VIEW, "block_phone"), of="payment", only_post=True),
    "mpesa-payment-close-order": Door(needs=(VIEW, "close_order"), of="payment", only_post=True),
    "mpesa-blocked-phones": Door(),
    "mpesa-unblock-phone": Door(needs=(VIEW, "block_phone"), of="blocked", only_post=True),
}

PERMISSIONS = [
    VIEW,
    "act_on_payment",
    "export_payments",
    "view_full_phone",
    "close_order",
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


def held_by(who: str) -> set[str]:
    names = {"partner": {"dashboard_access"}, "shopper": set(), "plain staff": set(), "superuser": set(PERMISSIONS)}
    return names.get(who, {VIEW, who})


def somebody(who: str) -> Client:
    """Their browser; a permission's name is staff with it and with ``VIEW``."""
    client = Client()
    if who == "anonymous":
        return client
    user = UserFactory(is_staff=who not in {"shopper", "partner"}, is_superuser=who == "superuser")
    user.user_permissions.set(Permission.objects.filter(codename__in=held_by(who)))
    client.force_login(user)
    return client


def everybody() -> dict[str, Client]:
    return {who: somebody(who) for who in PEOPLE}


def refusal_of(name: str, who: str) -> int:
    """How this person is turned away; 0 where they are not."""
    if who == "anonymous":
        return 302
    is_let_in = who not in {"shopper", "partner"} and set(DOORS[name].needs) <= held_by(who)
    return 0 if is_let_in else 403


def address(name: str, rows: Any) -> str:
    door = DOORS[name]
    return reverse(f"dashboard:{name}", args=[getattr(rows, door.of)] if door.of else [])


def test_every_url_of_the_desk_is_in_the_table() -> None:
    config: Any = apps.get_app_config("oscar_mpesa")

    assert {pattern.name for pattern in config.get_urls()} == set(DOORS)


@pytest.mark.parametrize("name", DOORS)
def test_who_may_open_it_and_that_nothing_changes_by_that(rows: Rows, name: str) -> None:
    before, url = all_rows(), address(name, rows)

    answers = {who: client.get(url) for who, client in everybody().items()}

    assert {who: answer.status_code for who, answer in answers.items()} == {
        who: refusal_of(name, who) or (405 if DOORS[name].only_post else 200) for who in PEOPLE
    }
    assert answers["anonymous"]["Location"].startswith(reverse("dashboard:login"))
    assert all_rows() == before


@pytest.mark.parametrize("name", DOORS)
def test_who_may_not_open_it_may_not_press_it_either(rows: Rows, name: str) -> None:
    before, url = all_rows(), address(name, rows)
    refused = [who for who in PEOPLE if refusal_of(name, who)]
    people = everybody()

    answers = {who: people[who].post(url).status_code for who in refused}

    assert answers == {who: refusal_of(name, who) for who in refused}
    assert all_rows() == before


@pytest.mark.parametrize("name", DOORS)
def test_whoever_may_press_it_with_nothing_filled_in_is_told_so(rows: Rows, name: str) -> None:
    response = somebody("superuser").post(address(name, rows))

    assert response.status_code < 500
