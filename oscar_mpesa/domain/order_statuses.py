"""Choose the statuses of paid and canceled orders from the words of a shop's own pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

#: Oscar's pipelines map each status to those that can follow it.
Pipeline = Mapping[str, Sequence[str]]

PAID, CANCELED = "Being processed", "Cancelled"

#: A canceled order in other spellings, and in Swahili.
CANCELED_WORDS = ("cancelled", "canceled", "imeghairiwa", "imefutwa", "imebatilishwa", "imesitishwa")


def next_statuses(steps: Iterable[str] | str | None) -> tuple[str, ...]:
    """Return what a pipeline has for a status as a tuple: ``("Paid")``, without a comma, is one status for Oscar."""
    return (steps,) if isinstance(steps, str) else tuple(steps or ())


def paid_status(pipeline: Pipeline, *, initial: str, pending: str, others: Iterable[str]) -> str:
    """Return the status of a paid order: where the shop's own work on it begins.

    That is ``PAID`` if the pipeline has it, else the status that orders start with, else what the pipeline leads to
    from the pending status, else its first status with a next one, else ``PAID``. ``others`` are never it.
    """
    ours = {pending, *others}
    if PAID in _statuses(pipeline):
        return PAID
    candidates = [initial, *pipeline.get(pending, ()), *(status for status, steps in pipeline.items() if steps)]
    return next((status for status in candidates if status and status not in ours), PAID)


def canceled_status(pipeline: Pipeline, *, taken: Iterable[str]) -> str:
    """Return the pipeline's own word for a canceled order, or ``CANCELED``. The statuses ``taken`` are never it."""
    statuses = [each for each in _statuses(pipeline) if each not in set(taken)]
    if CANCELED in statuses:
        return CANCELED
    spellings = {status.strip().casefold(): status for status in reversed(statuses)}
    return next((spellings[word] for word in CANCELED_WORDS if word in spellings), CANCELED)


def _statuses(pipeline: Pipeline) -> list[str]:
    """Return the statuses that a pipeline starts from or leads to, each once."""
    return list(dict.fromkeys([*pipeline, *(step for steps in pipeline.values() for step in steps)]))
