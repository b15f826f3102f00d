"""The permissions of each dashboard URL for each kind of user; a GET changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from oscar.test.factories import UserFactory

from oscar_mpesa.services.roles import create_roles
from tests.dashboard.rows import Rows
from tests.rows import all_rows
from tests.shared_state import once_for_module

pytestmark = pytest.mark.django_db

VIEW = "view_mpesapayment"

#: Needed by pages that only superusers may open.
OWNER = "superuser"


@dataclass(frozen=True, slots=True)
class Page:
    """A URL's permissions beside being staff, the row whose id it takes, and whether it is POST only."""

    needs: tuple[str, ...] = (VIEW,)
    of: str = ""
    only_post: bool = False


#: Every URL; the test below names a missing one.
PAGES = {
    "mpesa-overview": Page(),
    "mpesa-search": Page(),
    "mpesa-callbacks": Page(),
    "mpesa-callback": Page(of="callback"),
    "mpesa-callback-process": Page(needs=(VIEW, "act_on_payment"), of="callback", only_post=True),
    "mpesa-setup": Page(),
    "mpesa-receipts": Page(),
    "mpesa-receipts-export": Page(needs=(VIEW, "export_payments", "view_turnover")),
    "mpesa-month": Page(needs=(VIEW, "view_turnover")),
    "mpesa-receipt": Page(of="receipt"),
    "mpesa-receipt-allocate": Page(needs=(VIEW, "match_receipt"), of="receipt"),
    "mpesa-receipt-refund": Page(needs=(VIEW, "record_refund"), of="receipt"),
    "mpesa-receipt-resolve": Page(needs=(VIEW, "resolve_receipt"), of="receipt"),
    "mpesa-entry-unmatch": Page(needs=(VIEW, "match_receipt"), of="entry"),
    "mpesa-entry-move": Page(needs=(VIEW, "match_receipt"), of="entry"),
    "mpesa-entry-undo": Page(needs=(VIEW, "resolve_receipt"), of="resolution"),
    "mpesa-refund-void": Page(needs=(VIEW, "record_refund"), of="refund"),
    "mpesa-record": Page(needs=(VIEW, "record_claim")),
    "mpesa-claim": Page(of="claim"),
    "mpesa-claim-withdraw": Page(needs=(VIEW, "record_claim"), of="claim"),
    "mpesa-payments": Page(),
    "mpesa-payments-export": Page(needs=(VIEW, "export_payments")),
    "mpesa-order": Page(of="order"),
    "mpesa-order-send-prompt": Page(needs=(VIEW, "act_on_payment"), of="order", only_post=True),
    "mpesa-payment": Page(of="payment"),
    "mpesa-payment-state": Page(of="payment"),
    "mpesa-payment-confirmation": Page(of="paid"),
    "mpesa-payment-check-status": Page(needs=(VIEW, "act_on_payment"), of="payment", only_post=True),
    "mpesa-payment-send-prompt": Page(needs=(VIEW, "act_on_payment"), of="payment", only_post=True),
    "mpesa-payment-send-again": Page(needs=(VIEW, "act_on_payment"), of="payment", only_post=True),
    "mpesa-payment-add-note": Page(needs=(VIEW, "act_on_payment"), of="payment", only_post=True),
    "mpesa-payment-block-phone": Page(needs=(VIEW, "block_phone"), of="payment", only_post=True),
    "mpesa-payment-make-link": Page(needs=(VIEW, "act_on_payment"), of="payment", only_post=True),
    "mpesa-payment-revoke-link": Page(needs=(VIEW, "act_on_payment"), of="payment", only_post=True),
    "mpesa-payment-close-order": Page(needs=(VIEW, "close_order"), of="payment", only_post=True),
    "mpesa-blocked-phones": Page(),
    "mpesa-unblock-phone": Page(needs=(VIEW, "block_phone"), of="blocked", only_post=True),
    "mpesa-activity": Page(needs=(VIEW, "view_activity")),
    "mpesa-people": Page(needs=(OWNER,)),
    "mpesa-person-role": Page(needs=(OWNER,), of="person", only_post=True),
}

PERMISSIONS = [
    VIEW,
    "act_on_payment",
    "export_payments",
    "view_full_phone",
    "close_order",
    "block_phone",
    "match_receipt",
    "record_claim",
    "record_refund",
    "resolve_receipt",
    "view_turnover",
    "view_activity",
]

#: What each role holds, as docs/people-and-permissions.md says.
ROLES = {
    "M-PESA cashier": {VIEW, "act_on_payment", "record_claim"},
    "M-PESA supervisor": set(PERMISSIONS),
    "M-PESA accountant": {
        VIEW,
        "record_claim",
        "match_receipt",
        "resolve_receipt",
        "record_refund",
        "view_turnover",
        "view_activity",
        "export_payments",
    },
}

PEOPLE = ["anonymous", "shopper", "partner", "plain staff", *PERMISSIONS, *ROLES, "superuser"]


def held_by(who: str) -> set[str]:
    superuser = {*PERMISSIONS, OWNER}
    names = {"partner": {"dashboard_access"}, "shopper": set(), "plain staff": set(), "superuser": superuser, **ROLES}
    return names.get(who, {VIEW, who})


def somebody(who: str) -> Client:
    """Return a client; a permission's name means staff with it and with ``VIEW``."""
    client = Client()
    if who == "anonymous":
        return client
    user = UserFactory(is_staff=who not in {"shopper", "partner"}, is_superuser=who == "superuser")
    if who in ROLES:
        user.groups.add(Group.objects.get(name=who))
    else:
        user.user_permissions.set(Permission.objects.filter(codename__in=held_by(who)))
    client.force_login(user)
    return client


@once_for_module
def rows() -> Rows:
    return Rows()


@once_for_module
def people() -> dict[str, Client]:
    create_roles()
    return {who: somebody(who) for who in PEOPLE}


def refusal_of(name: str, who: str) -> int:
    """Return the status of the refusal; 0 if the user is permitted."""
    if who == "anonymous":
        return 302
    is_let_in = who not in {"shopper", "partner"} and set(PAGES[name].needs) <= held_by(who)
    return 0 if is_let_in else 403


def address(name: str, rows: Any) -> str:
    page = PAGES[name]
    return reverse(f"dashboard:{name}", args=[getattr(rows, page.of)] if page.of else [])


def test_every_dashboard_url_is_in_the_matrix() -> None:
    config: Any = apps.get_app_config("oscar_mpesa")

    assert {pattern.name for pattern in config.get_urls()} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_get_is_permitted_by_the_matrix_and_changes_nothing(rows: Rows, people: dict[str, Client], name: str) -> None:
    before, url = all_rows(), address(name, rows)

    answers = {who: client.get(url) for who, client in people.items()}

    assert {who: answer.status_code for who, answer in answers.items()} == {
        who: refusal_of(name, who) or (405 if PAGES[name].only_post else 200) for who in PEOPLE
    }
    assert answers["anonymous"]["Location"].startswith(reverse("dashboard:login"))
    assert all_rows() == before


@pytest.mark.parametrize("name", PAGES)
def test_post_is_refused_without_permission(rows: Rows, people: dict[str, Client], name: str) -> None:
    before, url = all_rows(), address(name, rows)
    refused = [who for who in PEOPLE if refusal_of(name, who)]

    answers = {who: people[who].post(url).status_code for who in refused}

    assert answers == {who: refusal_of(name, who) for who in refused}
    assert all_rows() == before


@pytest.mark.parametrize("name", PAGES)
def test_empty_post_does_not_crash(rows: Rows, people: dict[str, Client], name: str) -> None:
    response = people["superuser"].post(address(name, rows))

    assert response.status_code < 500
