"""The mark on sentences."""

from __future__ import annotations

from oscar_mpesa.domain.i18n import _


def test_the_mark_leaves_a_sentence_as_it_is() -> None:
    assert _("Payment received.") == "Payment received."
