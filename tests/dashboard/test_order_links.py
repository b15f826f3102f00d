"""Each page links to an order's page in Oscar's dashboard only if the user can open it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from oscar_mpesa.models import MpesaAllocation, MpesaCallback
from oscar_mpesa.services.allocation import move_allocation
from tests.dashboard.money.deciding import look, refund_values
from tests.dashboard.staff import ALL, VIEW, url_of
from tests.services.money import FIRST, PERMISSIONS, SECOND, claim_for, receipt, twice_paid
from tests.services.refunds import refund
from tests.shop import allow_order_pages, later, new_order, new_staff_user, post, success

pytestmark = pytest.mark.django_db

REPORT = reverse("dashboard:reports-index")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The URLs of pages about two orders, one of which money was moved from, and of the panel of the other."""

    pages: list[str]
    panel: str
    orders: list[str]


def desk_of(*numbers: str) -> Desk:
    """Build money of a paid order that staff moved to another one, with a refund and a recorded payment."""
    order, other = twice_paid(), new_order()
    for each, number in zip((order, other), numbers, strict=False):
        type(each).objects.filter(pk=each.pk).update(number=number)
        each.number = number
    staff, money = new_staff_user(*PERMISSIONS), receipt()
    entry = move_allocation(MpesaAllocation.objects.get(), other, by=staff, note="of a sister", now=later(600))
    (sent,) = refund(money, staff, amount=100)
    claim = claim_for(order, staff, number="ODZ0000077")
    assert money.payment is not None
    post(money.payment, success(money.payment, number=FIRST), now=later(900))
    callback = MpesaCallback.objects.latest("pk")
    names = ("receipt", "receipt-allocate", "receipt-refund")
    pages = [
        *(url_of(each) for each in ("overview", "payments", "receipts", "record", "callbacks")),
        *(url_of(name, each.pk) for name in names for each in (money, receipt(SECOND))),
        *(url_of(name, entry.pk) for name in ("entry-move", "entry-unmatch")),
        *(url_of(name, claim.pk) for name in ("claim", "claim-withdraw")),
        f"{url_of('month')}?month=2026-11",
        f"{REPORT}?report_type=mpesa_report&date_from=2026-11-23&date_to=2026-11-24",
        url_of("receipts") + "?status=",
        url_of("refund-void", sent.pk),
        url_of("payment", money.payment_id),
        url_of("callback", callback.pk),
    ]
    panel = reverse("dashboard:order-detail", args=["100042"]).replace("100042", other.number)
    return Desk(pages=pages, panel=panel, orders=[order.number, other.number])


def client_of(*, sees_orders: bool) -> Client:
    """Return the client of staff who may do everything with M-PESA and see Oscar's reports."""
    client, clerk = Client(), new_staff_user(VIEW, "view_turnover", *ALL, "record_claim", "export_payments")
    others = Permission.objects.exclude(content_type__app_label__in=("order", "oscar_mpesa", "partner"))
    clerk.user_permissions.add(*others)
    if sees_orders:
        allow_order_pages(clerk)
    client.force_login(clerk)
    return client


def content(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return str(response.content.decode().partition('<div class="content">')[2])


def order_links(page: str) -> set[str]:
    """Return the URLs of orders in a page, without the list of orders."""
    return set(re.findall(r'href="([^"]*/dashboard/orders/[^"]+)"', page))


def test_order_number_with_a_slash_breaks_no_page() -> None:
    desk = desk_of("2026/11/0001", "2026/11/0002")
    client = client_of(sees_orders=True)

    pages = [content(client, url) for url in desk.pages]

    assert [links for page in pages if (links := order_links(page))] == []
    assert sum(any(each in page for each in desk.orders) for page in pages) > 10


def test_order_number_with_a_slash_breaks_no_review() -> None:
    desk_of("2026/11/0001", "2026/11/0002")
    client, money = client_of(sees_orders=True), receipt()
    (entry,) = MpesaAllocation.objects.active().filter(receipt=money)

    assert "Please double-check" in look(client, url_of("entry-unmatch", entry.pk), note="wrong")
    assert "Please double-check" in look(client, url_of("entry-move", entry.pk), note="wrong", order=new_order().number)
    values = refund_values(money, "50", purpose="credit")
    assert "Please double-check" in look(client, url_of("receipt-refund", money.pk), **values)


def test_panel_names_another_order_with_a_slash() -> None:
    desk = desk_of("2026/11/0001")

    panel = content(client_of(sees_orders=True), desk.panel)

    assert "moved from order 2026/11/0001" in " ".join(panel.split())


def test_staff_who_may_not_open_orders_get_no_links_to_them() -> None:
    desk = desk_of()
    blind, seeing = client_of(sees_orders=False), client_of(sees_orders=True)

    hidden = {url: order_links(content(blind, url)) for url in desk.pages}
    linked = {url for url in desk.pages if order_links(content(seeing, url))}

    assert {url: links for url, links in hidden.items() if links} == {}
    assert len(linked) > 8


def test_every_link_of_the_desk_opens() -> None:
    desk = desk_of()
    client = client_of(sees_orders=False)
    links = {link for url in desk.pages for link in re.findall(r'href="(/[^"#]+)"', content(client, url))}
    pages: list[Any] = sorted(link.replace("&amp;", "&") for link in links if "export" not in link)

    assert len(pages) > 10
    assert {url: status for url in pages if (status := client.get(url).status_code) != 200} == {}
