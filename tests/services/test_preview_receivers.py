"""A preview runs the shop's receivers of model signals, but nothing that they leave for after the commit."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.db.models.signals import post_save

from oscar_mpesa.models import MpesaAllocation, MpesaOrder
from oscar_mpesa.services.allocation import move_allocation
from oscar_mpesa.services.preview import preview
from tests.services.decisions import entry
from tests.services.money import PERMISSIONS, paid_order, receipt
from tests.shop import later, new_order, new_staff_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard() -> Iterator[dict[str, list[Any]]]:
    """Collect the allocations that a receiver sees saved, at once and after the commit. It writes to their orders."""
    found: dict[str, list[Any]] = {"saved": [], "committed": []}

    def receiver(instance: MpesaAllocation, **about: Any) -> None:
        found["saved"].append(instance.pk)
        MpesaOrder.objects.filter(pk=instance.order_id).update(language="fr")
        transaction.on_commit(lambda: found["committed"].append(instance.pk))

    paid_order()
    post_save.connect(receiver, sender=MpesaAllocation)
    try:
        yield found
    finally:
        post_save.disconnect(receiver, sender=MpesaAllocation)


def test_receiver_of_a_model_signal_commits_nothing_in_a_preview(heard: Any) -> None:
    other, by = new_order(), new_staff_user(*PERMISSIONS)
    act = partial(move_allocation, entry(), other, by=by, note="the wrong order", now=later(900))

    preview(act, receipt=receipt(), order_ids=[other.pk])
    in_preview = {name: list(found) for name, found in heard.items()}
    is_undone = not MpesaOrder.objects.filter(language="fr").exists()
    moved = act()

    known = MpesaAllocation.objects.values_list("pk", flat=True)
    assert (in_preview["saved"] != [], in_preview["committed"], is_undone) == (True, [], True)
    assert set(heard["committed"]) <= set(known)
    assert moved.pk in heard["committed"]
    assert MpesaOrder.objects.filter(language="fr").exists()
