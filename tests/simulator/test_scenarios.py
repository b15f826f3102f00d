"""Each disaster as the shop meets it: what its push comes to, what it hears afterwards, and which money moved."""

from __future__ import annotations

import time

import pytest

from oscar_mpesa.daraja.exceptions import DarajaBusy, DarajaError, DarajaUnreachable, DarajaUnreadable
from oscar_mpesa.simulator.scenario_queue import ScenarioQueue
from oscar_mpesa.simulator.scenarios import BY_DIGITS, CHAOS, DISASTERS, NAMES, drawn
from oscar_mpesa.simulator.server import Simulator
from tests.simulator.shopside import Hooks, Shop


def test_without_a_disaster_the_phone_pays_once(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    reply = shop.pushes()
    simulator.wait()

    assert [callback.result_code for callback in hooks.told] == ["0"]
    assert hooks.told[0].checkout_request_id == reply.checkout_request_id
    assert hooks.told[0].receipt_number == simulator.pushes[0].receipt_number
    assert shop.asks(reply.checkout_request_id) == "0"
    assert [(entry.amount, entry.msisdn) for entry in simulator.ledger] == [(1500, "254712345678")]
    assert simulator.complaints == []


@pytest.mark.parametrize(
    ("phone", "code", "taken"),
    [("0708374149", "0", 1500), ("0708374150", "1", 0), ("0708374151", "1032", 0)],
)
def test_the_practice_numbers_answer_as_everywhere(
    simulator: Simulator, shop: Shop, hooks: Hooks, phone: str, code: str, taken: int
) -> None:
    reply = shop.pushes(phone=phone)
    simulator.wait()

    assert hooks.told[0].result_code == shop.asks(reply.checkout_request_id) == code
    assert simulator.ledger.total == taken


@pytest.mark.parametrize(
    ("scenario", "callbacks", "result", "taken"),
    [
        ("no_answer", 0, None, 0),
        ("lost_callback", 0, "0", 1500),
        ("duplicate", 3, "0", 1500),
        ("early_callback", 1, "0", 1500),
        ("wrong_amount", 1, "0", 1499),
        ("masked_phone", 1, "0", 1500),
        ("string_code", 1, "0", 1500),
        ("expired_token", 1, "0", 1500),
        ("slow", 1, "0", 1500),
        ("late", 1, "0", 1500),
    ],
)
def test_an_accepted_push_ends_as_its_scenario_says(
    simulator: Simulator, shop: Shop, hooks: Hooks, scenario: str, callbacks: int, result: str | None, taken: int
) -> None:
    simulator.script(scenario)

    reply = shop.pushes()
    simulator.wait()

    assert simulator.pushes[0].scenario == scenario
    assert len(hooks.bodies) == callbacks
    assert shop.asks(reply.checkout_request_id) == result
    assert simulator.ledger.total == taken
    assert len(simulator.ledger) == (1 if taken else 0)


@pytest.mark.parametrize(
    ("scenario", "error"), [("busy", DarajaBusy), ("rate_limited", DarajaBusy), ("html_page", DarajaUnreadable)]
)
def test_what_is_not_executed_takes_no_money(
    simulator: Simulator, shop: Shop, hooks: Hooks, scenario: str, error: type[DarajaError]
) -> None:
    simulator.script(scenario)

    with pytest.raises(error):
        shop.pushes()
    simulator.wait()

    assert (hooks.bodies, simulator.ledger.total) == ([], 0)


def test_a_rate_limit_says_for_how_long(simulator: Simulator, shop: Shop) -> None:
    simulator.script("rate_limited")

    with pytest.raises(DarajaBusy) as refused:
        shop.pushes()

    assert refused.value.retry_after == 12


def test_a_lost_reply_is_paid_all_the_same(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    simulator.script("lost_reply")

    with pytest.raises(DarajaUnreachable) as lost:
        shop.pushes()
    simulator.wait()

    assert lost.value.was_not_sent is False
    assert [callback.result_code for callback in hooks.told] == ["0"]
    assert simulator.ledger.total == 1500


def test_a_late_answer_is_pending_until_it_comes(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    simulator.late_after = 30
    simulator.script("late")

    reply = shop.pushes()

    assert [shop.asks(reply.checkout_request_id) for _ in range(2)] == [None, "4999"]
    assert (hooks.bodies, simulator.ledger.total) == ([], 0)


def test_an_early_callback_is_there_before_the_reply(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    simulator.delay = None
    simulator.script("early_callback")

    shop.pushes()

    assert len(hooks.bodies) == 1


def test_a_slow_reply_takes_its_time(simulator: Simulator, shop: Shop) -> None:
    simulator.script("slow")
    began = time.monotonic()

    shop.pushes()

    assert time.monotonic() - began >= simulator.slow_for


def test_of_a_wrong_amount_callback_and_ledger_tell_what_was_taken(
    simulator: Simulator, shop: Shop, hooks: Hooks
) -> None:
    simulator.script("wrong_amount", "wrong_amount")

    for amount in (1500, 1):
        shop.pushes(amount=amount)
        simulator.wait()

    assert [entry.amount for entry in simulator.ledger] == [1499, 2]
    assert [callback.amount for callback in hooks.told] == [1499, 2]


def test_a_masked_phone_and_a_code_in_words_are_written_so(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    simulator.script("masked_phone", "string_code")

    for _ in range(2):
        shop.pushes()
        simulator.wait()

    assert b'"Value": "2547****5678"' in hooks.bodies[0]
    assert b'"ResultCode": "0"' in hooks.bodies[1]


def test_a_token_that_expired_is_fetched_anew_and_the_push_goes_out_once(simulator: Simulator, shop: Shop) -> None:
    simulator.script("expired_token", "busy")

    shop.pushes()
    simulator.wait()

    assert [push.scenario for push in simulator.pushes] == ["expired_token", "usual"]
    assert (simulator.tokens_given, simulator.ledger.total) == (2, 1500)


def test_the_last_digits_of_a_phone_choose_its_disaster_for_good(simulator: Simulator, shop: Shop) -> None:
    for _ in range(2):
        with pytest.raises(DarajaBusy):
            shop.pushes(phone="0722000210")
    shop.pushes(phone="0722000219")

    assert [push.scenario for push in simulator.pushes] == ["busy", "busy", "usual"]


def test_one_scenario_may_befall_every_push(hooks: Hooks) -> None:
    with Simulator(scenario="busy") as simulator:
        for _ in range(2):
            with pytest.raises(DarajaBusy):
                Shop(simulator, hooks).pushes()

    assert [push.scenario for push in simulator.pushes] == ["busy", "busy"]


def test_a_scenario_that_is_none_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="'earthquake' is none of usual, no_answer"):
        Simulator(scenario="earthquake")


def test_every_disaster_has_a_name_and_digits_of_its_own() -> None:
    assert len(DISASTERS) == len(BY_DIGITS) == 14
    assert set(NAMES) == {*DISASTERS, "usual", "chaos"}


def names_of(programme: ScenarioQueue) -> list[str]:
    return [programme.next_for(msisdn="254712345678", number=number)[0] for number in range(1, 201)]


def test_chaos_is_the_same_for_a_seed_and_meets_everything() -> None:
    once, again, other = (ScenarioQueue(scenario=CHAOS, seed=seed) for seed in (7, 7, 8))

    drawn_once = names_of(once)

    assert drawn_once == names_of(again) != names_of(other)
    assert set(drawn_once) == {*DISASTERS, "usual"}
    assert 60 < drawn_once.count("usual") < 140
    assert drawn_once[0] == drawn(7, 1)


def test_a_chaos_without_a_seed_tells_the_one_it_took() -> None:
    chaos = ScenarioQueue(scenario=CHAOS, seed=None)

    assert names_of(chaos) == names_of(ScenarioQueue(scenario=CHAOS, seed=chaos.seed))
