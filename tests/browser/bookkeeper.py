"""A bookkeeper at the desk: makes decisions about money on the pages, and reads the sums that they show."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Permission
from django.utils import timezone

from oscar_mpesa.domain.timezone import NAIROBI
from tests.services.money import PERMISSIONS
from tests.shop import allow_order_pages, new_staff_user

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.shopper import Person

#: What Oscar asks of staff who open its reports; 4.0 and 4.1 ask for more than one.
REPORTS = {"content_type__app_label": "analytics", "content_type__model": "userrecord"}

AMOUNT = re.compile(r"([-−]?)[A-Za-z$]+\s?(\d+(?:,\d{3})*(?:\.\d+)?)")

CELLS = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"


class Bookkeeper:
    """Staff with every permission on money, and nothing but a browser."""

    def __init__(self, person: Person) -> None:
        user = new_staff_user("view_mpesapayment", "view_turnover", "export_payments", *PERMISSIONS)
        allow_order_pages(user)
        user.user_permissions.add(*Permission.objects.filter(**REPORTS))
        self.person = person.is_signed_in(user)

    @property
    def page(self) -> Page:
        """Return the open tab."""
        return self.person.page

    def finds(self, code: str) -> Bookkeeper:
        """Open the page of received money by its code, from the list of all money."""
        self.person.goes("dashboard/mpesa/money/?status=")
        self.page.click(f"td a:text('{code}')")
        return self

    def follows(self, part: str) -> Bookkeeper:
        """Click the last link of ours whose address has this part: corrections of new entries come last."""
        with self.page.expect_navigation():
            self.page.locator(f"main a[href*='{part}'], .mpesa-dashboard a[href*='{part}']").last.click()
        return self

    def undoes(self) -> Bookkeeper:
        """Click the link in the message about what was just done."""
        with self.page.expect_navigation():
            self.page.click("#messages .alert a:not(.close)")
        return self

    def types(self, **values: str) -> Bookkeeper:
        """Fill in the form of a decision, tick what it asks for, and go on to its review."""
        form = self.page.locator(".mpesa-dashboard form[method=post]")
        for name, value in values.items():
            field = form.locator(f"[name={name}]").first
            if field.get_attribute("type") == "radio":
                form.locator(f"[name={name}][value={value}]").check()
            else:
                field.fill(value)
        for box in form.locator("[type=checkbox]").all():
            box.check()
        form.locator("button").first.click()
        self.page.wait_for_selector("#check")
        return self

    def confirms(self) -> Bookkeeper:
        """Confirm the review; the page of the money comes."""
        with self.page.expect_navigation():
            self.page.click("[name=confirmed]")
        assert self.page.locator("#entries").count(), self.page.url
        return self

    def decides(self, **values: str) -> Bookkeeper:
        """Fill in the form of a decision and confirm its review."""
        return self.types(**values).confirms()

    # What the pages show.

    def ledger(self) -> list[str]:
        """Return each step of the open money as "in matched out left"; the totals come last."""
        rows = self.page.locator(".mpesa-ledger tbody tr, .mpesa-ledger tfoot tr").evaluate_all(CELLS)
        return [" ".join(shown(cell) or "-" for cell in row[-4:]) for row in rows]

    def panel(self, order: Any) -> list[str]:
        """Return what the order costs, what it got, what was refunded, and the balance, from Oscar's page of it."""
        self.person.goes(f"dashboard/orders/{order.number}/")
        self.person.looks(f"panel-{order.pk}")
        rows = self.page.locator(".mpesa-order-sums tr").evaluate_all(CELLS)
        return [shown(row[-1]) for row in rows[:4]]

    def month(self) -> dict[str, list[str]]:
        """Return the amounts of each sum of the month report, for all days from ``NOON`` until tomorrow."""
        tomorrow = timezone.now().astimezone(NAIROBI) + timedelta(days=1)
        self.person.goes("dashboard/mpesa/money/months/")
        self.page.click("details:has([name=from]) summary")
        self.page.fill("[name=from]", "2026-11-01")
        self.page.fill("[name=to]", f"{tomorrow:%Y-%m-%d}")
        with self.page.expect_navigation():
            self.page.click("details:has([name=from]) button")
        self.person.looks("month")
        return self.sums()

    def sums(self) -> dict[str, list[str]]:
        """Return the amounts of each sum of the open month report."""
        return {key: [amount for _, amount in lines] for key, lines in self.lines().items()}

    def lines(self) -> dict[str, list[tuple[str, str]]]:
        """Return labels and amounts of each sum of the open month report."""
        keys = ("in_and_out", "taken", "unmatched", "recorded", "bridge")
        found = {}
        for key in keys:
            rows = self.page.locator(f"[aria-labelledby=sum-{key}] tbody tr").evaluate_all(CELLS)
            found[key] = [(row[0], shown(row[-1])) for row in rows]
        return found

    def downloads(self) -> list[dict[str, str]]:
        """Download the CSV file of the open month report; return its rows by their titles, without empty cells."""
        with self.page.expect_download() as download:
            self.page.click("main a[href*='format=csv'], .mpesa-dashboard a[href*='format=csv']")
        text = Path(download.value.path()).read_text(encoding="utf-8-sig")
        return [{title: cell for title, cell in row.items() if cell} for row in csv.DictReader(io.StringIO(text))]

    def oscars_orders(self) -> dict[str, str]:
        """Follow the open month report to Oscar's own report; return the total of each order placed, by its number."""
        self.follows("report_type=order_report").person.looks("orders-placed")
        rows = self.page.locator("table tr:has(td)").evaluate_all(CELLS)
        return {row[0]: row[3] for row in rows}


def shown(text: str) -> str:
    """Return the first amount of a text as "-1,500", or "" if there is none."""
    found = AMOUNT.search(text)
    return "" if found is None else found[1].replace("−", "-") + found[2]


def added(amounts: Iterable[str]) -> Decimal:
    """Return the sum of amounts as the pages and files write them."""
    return sum((Decimal(each.replace(",", "")) for each in amounts), Decimal(0))
