"""The exceptions of a Daraja call."""

from __future__ import annotations

import pickle

import pytest

from oscar_mpesa.daraja.exceptions import (
    KINDS,
    AmountRefused,
    DarajaBlocked,
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    DarajaUnreachable,
    DarajaUnreadable,
    KeysRejected,
    NumberRefused,
    PasskeyRejected,
    ProductMissing,
    ShortcodeRejected,
    TokenRejected,
)


@pytest.mark.parametrize(
    ("error", "was_not_sent"),
    [
        pytest.param(DarajaUnreachable("no answer"), False, id="no answer"),
        pytest.param(DarajaUnreachable("no connection", sent=False), True, id="no connection"),
        pytest.param(DarajaUnreadable("HTML"), False, id="an answer that proves nothing"),
        pytest.param(DarajaUnreadable("HTML for a token", sent=False), True, id="no token, so no push"),
        pytest.param(DarajaRefused("Invalid Amount"), True, id="a clear no"),
        pytest.param(DarajaBusy("busy", retry_after=30), True, id="busy"),
        pytest.param(DarajaMisconfigured("Wrong credentials"), True, id="the shop's fault"),
        pytest.param(DarajaError(), False, id="an error of no kind"),
    ],
)
def test_was_not_sent_requires_proof(error: DarajaError, was_not_sent: bool) -> None:
    assert error.was_not_sent is was_not_sent


def test_message_is_short_without_tokens() -> None:
    error = DarajaRefused("Invalid Access Token - c9SQxWWhmdVRlyh0zh8gZDTkubVF " + "and so on " * 50)

    assert error.message.startswith("Invalid Access Token - … and so on")
    assert len(error.message) == 200


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DarajaRefused("Invalid Amount", error_code="400.002.02"), "Invalid Amount (400.002.02)"),
        (DarajaRefused("Invalid Amount"), "Invalid Amount"),
        (DarajaRefused(error_code="400.002.05"), "(400.002.05)"),
        (DarajaUnreachable(), "DarajaUnreachable"),
    ],
    ids=str,
)
def test_str_shows_message_and_code(error: DarajaError, text: str) -> None:
    assert str(error) == text


def test_error_survives_pickling() -> None:
    carried = pickle.loads(pickle.dumps(DarajaBusy("busy", http_status=429, retry_after=30)))  # noqa: S301 - its bytes

    assert (carried.message, carried.http_status, carried.retry_after) == ("busy", 429, 30)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DarajaUnreachable, "unreachable"),
        (DarajaUnreadable, "unreadable"),
        (DarajaBlocked, "blocked"),
        (DarajaRefused, "refused"),
        (NumberRefused, "number_refused"),
        (AmountRefused, "amount_refused"),
        (DarajaBusy, "busy"),
        (DarajaMisconfigured, "misconfigured"),
        (KeysRejected, "keys_rejected"),
        (TokenRejected, "token_rejected"),
        (ShortcodeRejected, "shortcode_rejected"),
        (PasskeyRejected, "passkey_rejected"),
        (ProductMissing, "product_missing"),
    ],
)
def test_each_error_has_its_kind(error: type[DarajaError], kind: str) -> None:
    raised = error("no")

    assert raised.kind == kind
    assert raised.kind.is_misconfigured is issubclass(error, DarajaMisconfigured)
    assert raised.kind.is_unanswered is (error in {DarajaUnreachable, DarajaUnreadable, DarajaBlocked})
    assert raised.kind.is_for_owner is (error is DarajaRefused or issubclass(error, DarajaMisconfigured))


def test_unlisted_error_has_its_parents_kind() -> None:
    class Throttled(DarajaBusy):
        pass

    assert Throttled not in KINDS
    assert Throttled("wait").kind == "busy"
