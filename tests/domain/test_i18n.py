"""The mark for translatable text."""

from __future__ import annotations

from oscar_mpesa.domain.i18n import _


def test_marked_text_is_unchanged() -> None:
    assert _("Payment received.") == "Payment received."
