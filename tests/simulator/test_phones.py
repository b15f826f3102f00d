"""Phones that answer on request, the ledger, and rejected callbacks."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from oscar_mpesa.simulator.server import Simulator
from tests.simulator.shopside import Hooks, Shop


@pytest.fixture
def simulator(simulator: Simulator) -> Simulator:
    """Return a simulator whose phones wait for ``call_back``."""
    simulator.delay = None
    return simulator


def test_phone_without_delay_answers_only_on_call_back(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    reply = shop.push()
    simulator.wait()
    before = (list(hooks.bodies), simulator.ledger.total, shop.query(reply.checkout_request_id))

    status = simulator.call_back(simulator.pushes[0])

    assert before == ([], 0, None)
    assert (status, hooks.callbacks[0].result_code, simulator.ledger.total) == (200, "0", 1500)


def test_call_back_uses_the_given_code(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    reply = shop.push()

    simulator.call_back(simulator.pushes[0], code=1032)
    cancelled = shop.query(reply.checkout_request_id)
    simulator.call_back(simulator.pushes[0], code="SFC_IC0003")

    assert cancelled == "1032"
    assert shop.query(reply.checkout_request_id) == "SFC_IC0003"
    assert [callback.result_description for callback in hooks.callbacks] == [
        "Request cancelled by user.",
        "Result set by the simulator.",
    ]


def test_answer_posts_no_callback(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    reply = shop.push()

    simulator.answer(simulator.pushes[0], amount=1400)

    assert shop.query(reply.checkout_request_id) == "0"
    assert (simulator.ledger.total, hooks.bodies) == (1400, [])


def test_money_is_taken_once_and_stays(simulator: Simulator, shop: Shop) -> None:
    reply = shop.push()
    push = simulator.pushes[0]

    for code in (1, 0, 0, 1032, "0"):
        simulator.call_back(push, code=code)
    asked = {shop.query(reply.checkout_request_id) for _ in range(20)}

    assert asked == {"0"}
    assert [entry.receipt_number for entry in simulator.ledger] == [push.receipt_number]


def test_call_back_can_change_and_omit_items(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    shop.push()

    simulator.call_back(simulator.pushes[0], amount=1000, MpesaReceiptNumber=None, PhoneNumber="hidden")

    assert (hooks.callbacks[0].amount, hooks.callbacks[0].receipt_number, hooks.callbacks[0].payer) == (
        1000,
        None,
        "hidden",
    )


def test_mixed_up_till_and_paybill_fails_later(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    simulator.credentials = replace(simulator.credentials, till="555555")

    shop.push()
    simulator.call_back(simulator.pushes[0])

    assert (hooks.callbacks[0].result_code, simulator.ledger.total) == ("2028", 0)
    assert simulator.problems == ["push 1 mixes up till and paybill"]


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
def test_rejected_callback_is_reported_once(
    simulator: Simulator, shop: Shop, hooks: Hooks, status: int, body: bytes, problem: str
) -> None:
    hooks.status, hooks.body = status, body
    shop.push()

    status_seen = simulator.call_back(simulator.pushes[0])

    assert (status_seen, len(hooks.bodies)) == (status, 1)
    assert simulator.problems == [f"the callback of push 1 met {problem}"]
    assert simulator.ledger.total == 1500


def test_unreachable_shop_is_reported(simulator: Simulator) -> None:
    with Hooks() as hooks:
        Shop(simulator, hooks).push()

    assert simulator.call_back(simulator.pushes[0]) == 0
    assert simulator.problems == ["the callback of push 1 met URLError"]


def test_wait_times_out(simulator: Simulator, shop: Shop) -> None:
    simulator.delay = 30
    shop.push()

    with pytest.raises(TimeoutError, match="a phone has not answered yet"):
        simulator.wait(0.05)


def test_closed_simulator_posts_no_callbacks(hooks: Hooks) -> None:
    with Simulator(delay=30) as simulator:
        Shop(simulator, hooks).push()

    simulator.wait(0)

    assert (hooks.bodies, simulator.ledger.total) == ([], 0)


def test_ledger_entry_masks_the_phone(simulator: Simulator, shop: Shop) -> None:
    shop.push(phone="0712345678")
    simulator.call_back(simulator.pushes[0])

    entry = next(iter(simulator.ledger))

    assert "345678" not in f"{entry!r} {entry.redacted} {simulator.pushes[0]!r}"
    assert entry.redacted["phone"] == "0712 •••678"


def test_wait_handles_concurrently_started_answers(simulator: Simulator, shop: Shop) -> None:
    shop.push()
    simulator.delay = 0

    def begin() -> None:
        for _ in range(100):
            simulator.call_back_later(simulator.pushes[0], times=0)

    threads = [threading.Thread(target=begin) for _ in range(3)]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        simulator.wait()
    simulator.wait()

    assert simulator.ledger.total == 1500
