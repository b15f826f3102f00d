"""The tree of errors, named for what to do next."""

from __future__ import annotations

import pickle

import pytest

from oscar_mpesa.daraja.exceptions import (
    KINDS,
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    DarajaUnreachable,
    DarajaUnreadable,
    PasskeyRejected,
    ProductMissing,
    ShortcodeRejected,
    TokenRejected,
)


@pytest.mark.parametrize(
    ("error", "surely"),
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
def test_an_error_tells_whether_a_prompt_may_be_out_there(error: DarajaError, surely: bool) -> None:
    assert error.was_not_sent is surely


def test_a_message_is_short_and_holds_no_token() -> None:
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
def test_an_error_reads_well_in_a_log(error: DarajaError, text: str) -> None:
    assert str(error) == text


def test_an_error_survives_the_way_between_processes() -> None:
    carried = pickle.loads(pickle.dumps(DarajaBusy("busy", http_status=429, retry_after=30)))

    assert (carried.message, carried.http_status, carried.retry_after) == ("busy", 429, 30)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DarajaUnreachable, "unreachable"),
        (DarajaUnreadable, "unreadable"),
        (DarajaRefused, "refused"),
        (DarajaBusy, "busy"),
        (DarajaMisconfigured, "misconfigured"),
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
    assert raised.kind.is_unanswered is (error in {DarajaUnreachable, DarajaUnreadable})


def test_an_unlisted_error_has_the_kind_of_its_parent() -> None:
    class Throttled(DarajaBusy):
        pass

    assert Throttled not in KINDS
    assert Throttled("wait").kind == "busy"
