"""Each scenario from the shop's side: the reply to the push, the callbacks and the money."""

from __future__ import annotations

import time

import pytest

from oscar_mpesa.daraja.exceptions import DarajaBusy, DarajaError, DarajaUnreachable, DarajaUnreadable
from oscar_mpesa.simulator.scenario_queue import ScenarioQueue
from oscar_mpesa.simulator.scenarios import BY_DIGITS, CHAOS, NAMES, SCENARIOS, random_scenario
from oscar_mpesa.simulator.server import Simulator
from tests.simulator.shopside import Hooks, Shop


def test_usual_scenario_pays_once(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    reply = shop.push()
    simulator.wait()

    assert [callback.result_code for callback in hooks.callbacks] == ["0"]
    assert hooks.callbacks[0].checkout_request_id == reply.checkout_request_id
    assert hooks.callbacks[0].receipt_number == simulator.pushes[0].receipt_number
    assert shop.query(reply.checkout_request_id) == "0"
    assert [(entry.amount, entry.msisdn) for entry in simulator.ledger] == [(1500, "254712345678")]
    assert simulator.problems == []


@pytest.mark.parametrize(
    ("phone", "code", "taken"),
    [("0708374149", "0", 1500), ("0708374150", "1", 0), ("0708374151", "1032", 0)],
)
def test_test_numbers_give_their_results(
    simulator: Simulator, shop: Shop, hooks: Hooks, phone: str, code: str, taken: int
) -> None:
    reply = shop.push(phone=phone)
    simulator.wait()

    assert hooks.callbacks[0].result_code == shop.query(reply.checkout_request_id) == code
    assert simulator.ledger.total == taken


@pytest.mark.parametrize(
    ("scenario", "callbacks", "result", "taken"),
    [
        ("no_answer", 0, None, 0),
        ("lost_callback", 0, "0", 1500),
        ("duplicate", 3, "0", 1500),
        ("early_callback", 1, "0", 1500),
        ("wrong_amount", 1, "0", 1500),
        ("masked_phone", 1, "0", 1500),
        ("string_code", 1, "0", 1500),
        ("expired_token", 1, "0", 1500),
        ("slow", 1, "0", 1500),
        ("late", 1, "0", 1500),
    ],
)
def test_accepted_push_follows_its_scenario(
    simulator: Simulator, shop: Shop, hooks: Hooks, scenario: str, callbacks: int, result: str | None, taken: int
) -> None:
    simulator.script(scenario)

    reply = shop.push()
    simulator.wait()

    assert simulator.pushes[0].scenario == scenario
    assert len(hooks.bodies) == callbacks
    assert shop.query(reply.checkout_request_id) == result
    assert simulator.ledger.total == taken
    assert len(simulator.ledger) == (1 if taken else 0)


@pytest.mark.parametrize(
    ("scenario", "error"), [("busy", DarajaBusy), ("rate_limited", DarajaBusy), ("html_page", DarajaUnreadable)]
)
def test_refused_push_takes_no_money(
    simulator: Simulator, shop: Shop, hooks: Hooks, scenario: str, error: type[DarajaError]
) -> None:
    simulator.script(scenario)

    with pytest.raises(error):
        shop.push()
    simulator.wait()

    assert (hooks.bodies, simulator.ledger.total) == ([], 0)


def test_rate_limit_has_retry_after(simulator: Simulator, shop: Shop) -> None:
    simulator.script("rate_limited")

    with pytest.raises(DarajaBusy) as refused:
        shop.push()

    assert refused.value.retry_after == 12


def test_lost_reply_is_still_paid(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    simulator.script("lost_reply")

    with pytest.raises(DarajaUnreachable) as lost:
        shop.push()
    simulator.wait()

    assert lost.value.was_not_sent is False
    assert [callback.result_code for callback in hooks.callbacks] == ["0"]
    assert simulator.ledger.total == 1500


def test_late_answer_stays_pending(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    simulator.late_after = 30
    simulator.script("late")

    reply = shop.push()

    assert [shop.query(reply.checkout_request_id) for _ in range(2)] == [None, "4999"]
    assert (hooks.bodies, simulator.ledger.total) == ([], 0)


def test_early_callback_comes_before_the_reply(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    simulator.delay = None
    simulator.script("early_callback")

    shop.push()

    assert len(hooks.bodies) == 1


def test_slow_reply_is_delayed(simulator: Simulator, shop: Shop) -> None:
    simulator.script("slow")
    began = time.monotonic()

    shop.push()

    assert time.monotonic() - began >= simulator.slow_for


def test_wrong_amount_is_in_the_callback_only(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    simulator.script("wrong_amount", "wrong_amount")

    for amount in (1500, 1):
        shop.push(amount=amount)
        simulator.wait()

    assert [entry.amount for entry in simulator.ledger] == [1500, 1]
    assert [callback.amount for callback in hooks.callbacks] == [1499, 2]


def test_masked_phone_and_string_code_in_the_callback(simulator: Simulator, shop: Shop, hooks: Hooks) -> None:
    simulator.script("masked_phone", "string_code")

    for _ in range(2):
        shop.push()
        simulator.wait()

    assert b'"Value": "2547****5678"' in hooks.bodies[0]
    assert b'"ResultCode": "0"' in hooks.bodies[1]


def test_expired_token_is_renewed_and_the_push_sent_once(simulator: Simulator, shop: Shop) -> None:
    simulator.script("expired_token", "busy")

    shop.push()
    simulator.wait()

    assert [push.scenario for push in simulator.pushes] == ["expired_token", "usual"]
    assert (simulator.tokens_given, simulator.ledger.total) == (2, 1500)


def test_phones_last_digits_choose_its_scenario(simulator: Simulator, shop: Shop) -> None:
    for _ in range(2):
        with pytest.raises(DarajaBusy):
            shop.push(phone="0722000210")
    shop.push(phone="0722000219")

    assert [push.scenario for push in simulator.pushes] == ["busy", "busy", "usual"]


def test_default_scenario_applies_to_every_push(hooks: Hooks) -> None:
    with Simulator(scenario="busy") as simulator:
        for _ in range(2):
            with pytest.raises(DarajaBusy):
                Shop(simulator, hooks).push()

    assert [push.scenario for push in simulator.pushes] == ["busy", "busy"]


def test_unknown_scenario_is_refused() -> None:
    with pytest.raises(ValueError, match="'earthquake' is none of usual, no_answer"):
        Simulator(scenario="earthquake")


def test_every_scenario_has_a_name_and_digits() -> None:
    assert len(SCENARIOS) == len(BY_DIGITS) == 14
    assert set(NAMES) == {*SCENARIOS, "usual", "chaos"}


def names_of(queue: ScenarioQueue) -> list[str]:
    return [queue.next_for(msisdn="254712345678", number=number)[0] for number in range(1, 201)]


def test_chaos_repeats_with_its_seed_and_covers_all_scenarios() -> None:
    once, again, other = (ScenarioQueue(scenario=CHAOS, seed=seed) for seed in (7, 7, 8))

    names = names_of(once)

    assert names == names_of(again) != names_of(other)
    assert set(names) == {*SCENARIOS, "usual"}
    assert 60 < names.count("usual") < 140
    assert names[0] == random_scenario(7, 1)


def test_chaos_without_a_seed_exposes_its_seed() -> None:
    chaos = ScenarioQueue(scenario=CHAOS, seed=None)

    assert names_of(chaos) == names_of(ScenarioQueue(scenario=CHAOS, seed=chaos.seed))
