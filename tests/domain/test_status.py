"""The closed table of a payment's steps."""

from __future__ import annotations

import pickle

import pytest

from oscar_mpesa.domain import status
from oscar_mpesa.domain.status import IllegalStep, Status, is_legal, require

LIVE = {Status.PENDING, Status.PROCESSING}
ENDED_UNPAID = {Status.FAILED, Status.CANCELLED, Status.EXPIRED}

#: Every step that the table allows.
STEPS = {
    (Status.PENDING, Status.PROCESSING),
    (Status.PENDING, Status.COMPLETED),
    (Status.PENDING, Status.FAILED),
    (Status.PENDING, Status.CANCELLED),
    (Status.PENDING, Status.EXPIRED),
    (Status.PROCESSING, Status.COMPLETED),
    (Status.PROCESSING, Status.FAILED),
    (Status.PROCESSING, Status.CANCELLED),
    (Status.PROCESSING, Status.EXPIRED),
    (Status.FAILED, Status.COMPLETED),
    (Status.CANCELLED, Status.COMPLETED),
    (Status.EXPIRED, Status.COMPLETED),
}


def test_every_status_is_either_live_or_final() -> None:
    assert status.LIVE == LIVE
    assert ENDED_UNPAID | {Status.COMPLETED} == status.FINAL
    assert set(Status) == LIVE | ENDED_UNPAID | {Status.COMPLETED}


def test_the_table_allows_these_steps_alone() -> None:
    assert {(before, after) for before in Status for after in Status if is_legal(before, after)} == STEPS


def test_a_command_passes_where_the_table_has_its_step_and_nowhere_else() -> None:
    assert {(before, after) for before in Status for after in Status if passes(before, after)} == STEPS


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
