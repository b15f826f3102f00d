"""A bookkeeper fixes mistakes with only a browser. Oscar's page, the receipt and the month report agree after each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.bookkeeper import Bookkeeper
from tests.services.money import FIRST, paid_order
from tests.services.unmatched import surplus
from tests.shop import new_order

pytestmark = pytest.mark.browser

SECOND = "OD222BBB22"


def test_money_of_a_wrong_order_is_moved_and_moved_back(new_visitor: Any) -> None:
    desk = Bookkeeper(new_visitor(width=1280))
    paid, wrong, right = surplus().meant_for, new_order(), new_order()
    desk.finds(SECOND).follows("/allocate/").decides(order=wrong.number)
    assert desk.ledger()[1:] == ["- 1,500 - 0", "1,500 1,500 0 0"]

    desk.follows("/move/").types(order=right.number, note="typing error")
    assert f"This pays order {right.number}." in desk.person.looks("move")
    desk.confirms()

    assert desk.ledger() == ["1,500 - - 1,500", "- 1,500 - 0", "- -1,500 - 1,500", "- 1,500 - 0", "1,500 1,500 0 0"]
    assert desk.month()["taken"] == ["4,500", "-1,500", "0", "3,000"]
    assert desk.panel(wrong) == ["1,500", "0", "0", "1,500"]
    assert desk.panel(right) == ["1,500", "1,500", "0", "0"]

    desk.follows("/mpesa/money/").follows("/move/").decides(order=wrong.number, note="it was right")

    assert desk.ledger()[-1] == "1,500 1,500 0 0"
    assert desk.panel(wrong) == desk.panel(paid) == ["1,500", "1,500", "0", "0"]
    assert desk.panel(right) == ["1,500", "0", "0", "1,500"]
    month = desk.month()
    assert month["taken"] == ["6,000", "-3,000", "0", "3,000"]
    assert month["unmatched"] == ["0", "3,000", "-6,000", "3,000", "0"]


def test_recorded_wrong_amount_is_withdrawn_and_recorded_again(new_visitor: Any) -> None:
    desk, order = Bookkeeper(new_visitor(language="sw", width=360)), new_order()
    typed = {"code": "OD777KKK77", "day": "2026-11-23", "time": "15:01", "note": "portal", "order": order.number}
    desk.person.goes("dashboard/mpesa/money/record/")
    desk.decides(**typed, amount="150")
    assert desk.panel(order) == ["1,500", "150", "0", "1,350"]

    desk.follows("/recorded/").follows("/withdraw/").decides(note="sifuri moja haipo")
    assert desk.ledger() == ["150 - - 150", "- 150 - 0", "- -150 - 150", "- - 150 0", "150 0 150 0"]
    desk.undoes()
    assert desk.page.input_value("[name=amount]") == "150"
    desk.decides(amount="1500")

    assert desk.ledger() == ["1,500 - - 1,500", "- 1,500 - 0", "1,500 1,500 0 0"]
    assert desk.panel(order) == ["1,500", "1,500", "0", "0"]
    month = desk.month()
    assert month["recorded"] == ["1,650", "-150", "1,500"]
    assert month["taken"] == ["0", "0", "0", "0"]
    assert desk.person.fits()


def test_money_of_two_orders_is_split_after_a_wrong_amount(new_visitor: Any) -> None:
    desk = Bookkeeper(new_visitor())
    surplus()
    first, second = new_order(total="900.00"), new_order(total="900.00")
    desk.finds(SECOND).follows("/allocate/").decides(order=first.number)
    assert desk.ledger()[-1] == "1,500 900 0 600"

    desk.follows("/unmatch/").decides(note="only 600 were for this order")
    for order, amount in ((first, "600"), (second, "900")):
        desk.follows("/allocate/").decides(order=order.number, amount=amount)

    steps = ["1,500 - - 1,500", "- 900 - 600", "- -900 - 1,500", "- 600 - 900", "- 900 - 0"]
    assert desk.ledger() == [*steps, "1,500 1,500 0 0"]
    assert desk.panel(first) == ["900", "600", "0", "300"]
    assert desk.panel(second) == ["900", "900", "0", "0"]
    assert desk.month()["taken"] == ["3,900", "-900", "0", "3,000"]


def test_wrong_refund_is_voided_and_recorded_anew_without_scripts(new_visitor: Any) -> None:
    desk, order = Bookkeeper(new_visitor(scripts=False)), paid_order()
    sent = {"day": "2026-11-24", "reference": "OD777REV77"}
    desk.finds(FIRST).follows("/refund/").decides(**sent, amount="1500", purpose="payment_returned")
    assert desk.panel(order) == ["1,500", "1,500", "1,500", "1,500"]

    desk.finds(FIRST).follows("/void/").types(note="it was KSh 150")
    assert f"This pays order {order.number}." in desk.person.looks("void")
    desk.confirms().undoes()
    desk.decides(**sent, amount="150", purpose="credit")

    steps = ["1,500 - - 1,500", "- 1,500 - 0", "- -1,500 1,500 0", "- 1,500 -1,500 0", "- -150 150 0"]
    assert desk.ledger() == [*steps, "1,500 1,350 150 0"]
    assert desk.panel(order) == ["1,350", "1,500", "150", "0"]
    month = desk.month()
    assert month["in_and_out"] == ["1,500", "-1,650", "1,500", "1,350"]
    assert month["taken"] == ["1,500", "0", "-1,650", "1,500", "1,350"]
    assert desk.person.fits()
