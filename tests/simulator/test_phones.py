"""Phones that answer when told, the ledger, and callbacks that a shop does not take."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from oscar_mpesa.simulator.server import Simulator
from tests.simulator.shopside import Hooks, Shop


@pytest.fixture
def simulator(simulator: Simulator) -> Simulator:
    """One whose phones wait to be told."""
    simulator.delay = None
    return simulator


def test_a_phone_without_a_delay_answers_only_when_told(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    reply = shop.pushes()
    simulator.wait()
    before = (list(hooks.bodies), simulator.ledger.total, shop.asks(reply.checkout_request_id))

    status = simulator.call_back(simulator.pushes[0])

    assert before == ([], 0, None)
    assert (status, hooks.told[0].result_code, simulator.ledger.total) == (200, "0", 1500)


def test_a_phone_answers_as_it_is_told(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    reply = shop.pushes()

    simulator.call_back(simulator.pushes[0], code=1032)
    cancelled = shop.asks(reply.checkout_request_id)
    simulator.call_back(simulator.pushes[0], code="SFC_IC0003")

    assert cancelled == "1032"
    assert shop.asks(reply.checkout_request_id) == "SFC_IC0003"
    assert [callback.result_description for callback in hooks.told] == [
        "Request cancelled by user.",
        "Told by the simulator.",
    ]


def test_an_answer_alone_posts_nothing(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    reply = shop.pushes()

    simulator.answer(simulator.pushes[0], amount=1400)

    assert shop.asks(reply.checkout_request_id) == "0"
    assert (simulator.ledger.total, hooks.bodies) == (1400, [])


def test_money_is_taken_once_and_no_failure_takes_it_back(simulator: Simulator, shop: Shop) -> None:
    reply = shop.pushes()
    push = simulator.pushes[0]

    for code in (1, 0, 0, 1032, "0"):
        simulator.call_back(push, code=code)
    asked = {shop.asks(reply.checkout_request_id) for _ in range(20)}

    assert asked == {"0"}
    assert [entry.receipt_number for entry in simulator.ledger] == [push.receipt_number]


def test_a_callback_may_say_less_or_other_things(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    shop.pushes()

    simulator.call_back(simulator.pushes[0], amount=1000, MpesaReceiptNumber=None, PhoneNumber="hidden")

    assert (hooks.told[0].amount, hooks.told[0].receipt_number, hooks.told[0].payer) == (1000, None, "hidden")


def test_till_and_paybill_in_each_others_place_are_accepted_and_fail_later(
    simulator: Simulator, shop: Shop, hooks: Hooks
) -> None:
    simulator.credentials = replace(simulator.credentials, till="555555")

    shop.pushes()
    simulator.call_back(simulator.pushes[0])

    assert (hooks.told[0].result_code, simulator.ledger.total) == ("2028", 0)
    assert simulator.complaints == ["push 1 has till and paybill in each other's place"]


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (302, b"", "HTTP 302"),
        (404, b"", "HTTP 404"),
        (503, b"", "HTTP 503"),
        (200, b"<html>Log in</html>", "an answer without ResultCode 0"),
        (200, b"[]", "an answer without ResultCode 0"),
        (200, b'{"ResultCode": 1}', "an answer without ResultCode 0"),
    ],
)
def test_a_shop_that_does_not_take_a_callback_is_complained_of_once(
    simulator: Simulator, shop: Shop, hooks: Hooks, status: int, body: bytes, problem: str
) -> None:
    hooks.status, hooks.body = status, body
    shop.pushes()

    heard = simulator.call_back(simulator.pushes[0])

    assert (heard, len(hooks.bodies)) == (status, 1)
    assert simulator.complaints == [f"the callback of push 1 met {problem}"]
    assert simulator.ledger.total == 1500


def test_a_shop_that_closed_is_complained_of_as_well(simulator: Simulator) -> None:
    with Hooks() as hooks:
        Shop(simulator, hooks).pushes()

    assert simulator.call_back(simulator.pushes[0]) == 0
    assert simulator.complaints == ["the callback of push 1 met URLError"]


def test_waiting_for_phones_has_an_end(simulator: Simulator, shop: Shop) -> None:
    simulator.delay = 30
    shop.pushes()

    with pytest.raises(TimeoutError, match="a phone has not answered yet"):
        simulator.wait(0.05)


def test_a_closed_simulator_calls_nobody_back(hooks: Hooks) -> None:
    with Simulator(delay=30) as simulator:
        Shop(simulator, hooks).pushes()

    simulator.wait(0)

    assert (hooks.bodies, simulator.ledger.total) == ([], 0)


def test_the_ledger_shows_people_no_phone_number(simulator: Simulator, shop: Shop) -> None:
    shop.pushes(phone="0712345678")
    simulator.call_back(simulator.pushes[0])

    entry = next(iter(simulator.ledger))

    assert "345678" not in f"{entry!r} {entry.shown} {simulator.pushes[0]!r}"
    assert entry.shown["phone"] == "0712 •••678"


def test_who_waits_while_phones_begin_to_answer_waits_for_those_that_have_begun(
    simulator: Simulator, shop: Shop
) -> None:
    shop.pushes()
    simulator.delay = 0

    def begin() -> None:
        for _ in range(100):
            simulator.call_back_later(simulator.pushes[0], times=0)

    shoppers = [threading.Thread(target=begin) for _ in range(3)]
    for each in shoppers:
        each.start()
    while any(each.is_alive() for each in shoppers):
        simulator.wait()
    simulator.wait()

    assert simulator.ledger.total == 1500
