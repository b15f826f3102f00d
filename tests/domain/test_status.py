"""The closed table of a payment's steps."""

from __future__ import annotations

import pickle

import pytest

from oscar_mpesa.domain.status import FINAL, LIVE, STEPS, IllegalStep, Status, is_legal, require


def test_every_status_is_either_live_or_final() -> None:
    assert set(Status) == LIVE | FINAL
    assert not LIVE & FINAL
    assert set(STEPS) == set(Status)


def test_a_prompted_payment_may_end_in_every_way() -> None:
    assert STEPS[Status.PROCESSING] == FINAL
    assert STEPS[Status.PENDING] == FINAL | {Status.PROCESSING}


@pytest.mark.parametrize("before", [Status.FAILED, Status.CANCELLED, Status.EXPIRED], ids=str)
def test_late_money_completes_a_payment_that_ended_without(before: Status) -> None:
    assert STEPS[before] == {Status.COMPLETED}


@pytest.mark.parametrize("after", list(Status), ids=str)
def test_nothing_follows_a_paid_payment(after: Status) -> None:
    assert not is_legal(Status.COMPLETED, after)


def test_a_command_passes_where_the_table_has_its_step_and_nowhere_else() -> None:
    assert {(before, after) for before in Status for after in Status if passes(before, after)} == {
        (before, after) for before, steps in STEPS.items() for after in steps
    }


def passes(before: Status, after: Status) -> bool:
    try:
        require(before, after)
    except IllegalStep:
        return False
    return True


def test_an_illegal_command_is_refused_with_both_ends_named() -> None:
    with pytest.raises(IllegalStep, match="from completed to failed") as refused:
        require(Status.COMPLETED, Status.FAILED)

    carried = pickle.loads(pickle.dumps(refused.value))
    assert (carried.before, carried.after) == (Status.COMPLETED, Status.FAILED)


def test_a_status_is_written_as_its_column_has_it() -> None:
    assert f"{Status.COMPLETED}" == "completed"
