"""A day at the end of the calendar is answered with a page, wherever a date can be entered."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from oscar_mpesa.models import MpesaClaim
from tests.dashboard.staff import new_receipt, url_of
from tests.shop import new_order, new_payment, pay

pytestmark = pytest.mark.django_db

EXTREMES = ["0001-01-01", "2999-12-31", "9999-12-31"]
LISTS = ["payments", "payments-export", "receipts", "receipts-export", "callbacks"]


@pytest.fixture
def owner() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("owner", "owner@example.com", "secret"))
    return client


@pytest.mark.parametrize("day", EXTREMES)
@pytest.mark.parametrize("name", LISTS)
def test_list_of_an_extreme_day_is_a_page(owner: Client, name: str, day: str) -> None:
    pay(new_payment())
    queries = [dict.fromkeys(["day", "since", "until", "from", "to"], day), {"month": day[:7]}]

    answers = [owner.get(url_of(name), query) for query in queries]

    # An export sends an invalid filter back to the list, or says which days it takes.
    assert {answer.status_code for answer in answers} <= {200, 302, 400}


@pytest.mark.parametrize("day", EXTREMES)
@pytest.mark.parametrize("download", [{}, {"download": "on"}], ids=["page", "file"])
def test_report_of_an_extreme_day_is_a_page(owner: Client, day: str, download: dict[str, str]) -> None:
    query = {"report_type": "mpesa_report", **download}

    answers = [
        owner.get(reverse("dashboard:reports-index"), {**query, **days})
        for days in ({"date_from": day}, {"date_to": day}, {"date_from": day, "date_to": day})
    ]

    assert [answer.status_code for answer in answers] == [200] * 3


@pytest.mark.parametrize("day", EXTREMES)
def test_payment_of_an_extreme_day_is_not_recorded(owner: Client, day: str) -> None:
    order = new_order()
    fields = {
        "order": order.number,
        "code": "OD123ABC45",
        "amount": "1500.00",
        "day": day,
        "time": "23:59",
        "note": "?",
    }

    answer: Any = owner.post(url_of("record"), {**fields, "confirmed": "on"})

    assert (answer.status_code, MpesaClaim.objects.count()) == (422, 0)


@pytest.mark.parametrize("day", EXTREMES)
def test_refund_on_an_extreme_day_is_not_recorded(owner: Client, day: str) -> None:
    receipt = new_receipt(environment="simulated", order=new_order())
    fields = {"day": day, "amount": "1500.00", "reference": "OD999ABC99", "sent": "on", "seen_as": receipt.status}

    answer: Any = owner.post(url_of("receipt-refund", receipt.pk), {**fields, "refunded_before": "0"})

    assert (answer.status_code, receipt.refunds.count()) == (422, 0)
