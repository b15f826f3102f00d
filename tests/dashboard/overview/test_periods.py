"""The overview compares the chosen days with the days before."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.utils import timezone

from oscar_mpesa.dashboard.overview.cards import cards
from oscar_mpesa.dashboard.overview.periods import chosen_period, days_form
from oscar_mpesa.reports.comparison import DaysFigures, figures_of_days
from oscar_mpesa.reports.period import period_figures
from oscar_mpesa.reports.success_rate import ResultCounts
from tests.alerts.connectivity_rows import new_ended_payments
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.services.money import PERMISSIONS, receipt, twice_paid
from tests.services.refunds import refund
from tests.shop import NOON, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

#: A Tuesday.
TODAY = date(2026, 12, 1)


def days_of(query: str, today: date = TODAY) -> list[str]:
    asked = QueryDict(query)
    period = chosen_period(asked, days_form(asked), today)
    return [each.isoformat() for each in (period.first, period.last, period.before_first, period.before_last)]


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("", ["2026-12-01", "2026-12-01", "2026-11-30", "2026-11-30"]),
        ("period=never", ["2026-12-01", "2026-12-01", "2026-11-30", "2026-11-30"]),
        ("period=yesterday", ["2026-11-30", "2026-11-30", "2026-11-29", "2026-11-29"]),
        ("period=month", ["2026-12-01", "2026-12-01", "2026-11-01", "2026-11-01"]),
        ("from=2026-11-10&to=2026-11-12", ["2026-11-10", "2026-11-12", "2026-11-07", "2026-11-09"]),
        ("from=2026-11-01&to=2026-11-30", ["2026-11-01", "2026-11-30", "2026-10-01", "2026-10-31"]),
        ("from=2026-11-12&to=2026-11-10", ["2026-12-01", "2026-12-01", "2026-11-30", "2026-11-30"]),
        ("from=2020-01-01&to=2026-11-10", ["2026-12-01", "2026-12-01", "2026-11-30", "2026-11-30"]),
        ("from=soon&to=", ["2026-12-01", "2026-12-01", "2026-11-30", "2026-11-30"]),
    ],
)
def test_period_has_as_many_days_before_it(query: str, days: list[str]) -> None:
    assert days_of(query) == days


def test_month_is_compared_up_to_the_same_day() -> None:
    assert days_of("period=month", date(2026, 11, 20)) == ["2026-11-01", "2026-11-20", "2026-10-01", "2026-10-20"]
    assert days_of("period=month", date(2026, 3, 31)) == ["2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"]


def numbers(taken: int, refunded: int, paid: int, failed: int) -> DaysFigures:
    return DaysFigures(
        first=TODAY,
        last=TODAY,
        taken=Decimal(taken),
        refunded=Decimal(refunded),
        results=ResultCounts(paid=paid, failed=failed),
        seconds_to_pay=12 if paid else None,
    )


def test_cards_name_the_figure_before_and_the_change() -> None:
    shown = cards(numbers(1500, 500, 3, 1), numbers(1000, 0, 6, 0), shows_turnover=True)

    assert [(card.label, card.figure, card.before, card.change) for card in shown] == [
        ("Taken before refunds", "KSh 1,500", "KSh 1,000", "up 50 %"),
        ("Refunded", "KSh 500", "KSh 0", ""),
        ("Taken, net", "KSh 1,000", "KSh 1,000", ""),
        ("Paid", "3", "6", "down 50 %"),
        ("Not paid", "1", "0", ""),
        ("Success rate", "75 %", "100 %", ""),
        ("Typical time to pay", "12 seconds", "12 seconds", ""),
    ]


def test_cards_without_turnover_have_no_money() -> None:
    labels = [card.label for card in cards(numbers(1, 0, 0, 0), numbers(1, 0, 0, 0), shows_turnover=False)]

    assert labels == ["Paid", "Not paid", "Success rate", "Typical time to pay"]


def test_net_of_a_month_equals_the_month_report() -> None:
    twice_paid()
    refund(receipt(), new_staff_user(*PERMISSIONS), amount=700)
    first, last = date(2026, 11, 1), date(2026, 11, 30)

    figures, report = figures_of_days(first, last, now=NOON), period_figures("simulated", first, last)

    assert figures.net == report.taken != figures.taken
    assert figures.refunded == 700


def test_results_are_of_payments_that_started_on_the_days() -> None:
    new_ended_payments(2, status="completed", at=NOON)
    new_ended_payments(1, status="failed", code="1", at=NOON)
    new_ended_payments(4, status="completed", at=NOON - timedelta(days=1))

    figures = figures_of_days(NOON.date(), NOON.date(), now=NOON + timedelta(days=3))

    assert figures.results == ResultCounts(paid=2, failed=1)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "all of yesterday"),
        ({"period": "month"}, "last month to the same day"),
        ({"from": "2026-11-01", "to": "2026-11-30"}, "the days before"),
        ({"from": "2026-11-30", "to": "2026-11-01"}, "These days are not valid. The figures below are today's."),
        ({"from": "2020-01-01", "to": "2026-11-01"}, "Choose at most 366 days."),
    ],
)
def test_page_names_the_days_it_compares_with(query: dict[str, str], words: str) -> None:
    pay(new_payment(now=timezone.now()))

    page = page_text(staff_client().get(url_of("overview"), query))

    assert words in page
    assert "Taken before refunds KSh" in page and "Success rate" in page
