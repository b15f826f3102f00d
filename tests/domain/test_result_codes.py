"""The table of result codes."""

from __future__ import annotations

from string import Formatter

import pytest

from oscar_mpesa.domain.outcomes import (
    CALL_THE_SHOP,
    IF_CONFIRMED,
    NO_MONEY_TAKEN,
    PAID_IF_CONFIRMED,
    PAY_ANOTHER_WAY,
    FirstAction,
    Outcome,
    Retry,
)
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.push_codes import PUSH_CODES
from oscar_mpesa.domain.result_codes import NO_ANSWER, RESULTS, is_unknown, outcome_of, result_outcome

EVERY_OUTCOME = [*RESULTS.values(), *PUSH_CODES.values(), NO_ANSWER, outcome_of("77777", PaymentStatus.FAILED)]

FAILURES = sorted(set(RESULTS) - {"0", "4999"})


@pytest.mark.parametrize("outcome", EVERY_OUTCOME, ids=lambda outcome: outcome.code)
def test_every_sentence_has_only_known_placeholders(outcome: Outcome) -> None:
    placeholders = {name for _, name, _, _ in Formatter().parse(outcome.sentence) if name is not None}
    parts = {"N": NO_MONEY_TAKEN, "C": IF_CONFIRMED, "P": PAID_IF_CONFIRMED}
    filled = outcome.sentence.format(**parts, other=PAY_ANOTHER_WAY, number="0712 •••678")

    assert placeholders <= {"N", "C", "P", "other", "number"}
    assert filled.endswith((".", "!"))
    assert outcome.meaning


def test_call_the_shop_contains_the_support_contact() -> None:
    assert CALL_THE_SHOP.format(help="0700 000 000") == "Call or WhatsApp us: 0700 000 000"


def test_table_has_every_known_code() -> None:
    known = "0 1 2 3 4 8 17 26 1001 1019 1025 1101 9999 1031 1032 1036 1037 2001 2006 2028 SFC_IC0003 4999 8006"

    assert set(RESULTS) == set(known.split())


def test_zero_is_the_only_code_that_completes() -> None:
    paying = {code for code, outcome in RESULTS.items() if outcome.status is PaymentStatus.COMPLETED}

    assert paying == {"0"}


@pytest.mark.parametrize("code", FAILURES)
def test_known_failure_is_final(code: str) -> None:
    expected = PaymentStatus.CANCELLED if code == "1032" else PaymentStatus.FAILED

    assert result_outcome(code).status is expected
    assert is_unknown(code) is False


@pytest.mark.parametrize(
    ("code", "seconds"), [("17", 120), ("26", 60), ("1001", 120), ("9999", 120), ("1", 0), ("1032", 0)]
)
def test_wait_matches_the_sentence(code: str, seconds: int) -> None:
    outcome = result_outcome(code)

    assert outcome.wait == seconds
    assert (outcome.retry is Retry.WAIT) == bool(seconds)


@pytest.mark.parametrize(
    ("retry", "codes"),
    [
        (Retry.NEVER, {"0", "2", "3", "8", "1025", "1101", "2028", "SFC_IC0003"}),
        (Retry.OTHER_NUMBER, {"4", "2006", "8006"}),
        (Retry.AFTER_QUERY, {"1036", "1037"}),
        (Retry.NOW, {"1", "1019", "1031", "1032", "2001"}),
    ],
    ids=["never", "other number", "after query", "now"],
)
def test_each_code_defines_when_to_retry(retry: Retry, codes: set[str]) -> None:
    assert {code for code, outcome in RESULTS.items() if outcome.retry is retry} == codes


def test_merchant_fault_marks_only_setup_problems() -> None:
    faulty = {outcome.code for outcome in EVERY_OUTCOME if outcome.merchant_fault}

    assert faulty == {"8", "1025", "1101", "2028", "SFC_IC0003", "misconfigured"}


@pytest.mark.parametrize("code", ["1025", "1101"])
def test_too_long_prompt_is_the_shops_problem(code: str) -> None:
    assert result_outcome(code).sentence == "This shop can't take M-PESA right now. {N} {other}"
    assert result_outcome(code).meaning == "the text of the prompt is too long: business name and account reference"
    assert result_outcome("9999").sentence.startswith("M-PESA couldn't show the prompt on that phone.")


@pytest.mark.parametrize(
    ("first", "codes"),
    [
        (FirstAction.OTHER_NUMBER, {"1", "4", "2006", "8006", "number-refused"}),
        (
            FirstAction.OTHER_METHOD,
            {"2", "3", "8", "1025", "1101", "2028", "SFC_IC0003", "amount-refused", "misconfigured"},
        ),
        (FirstAction.CHECK, {"0", "4999", "no-answer"}),
        (
            FirstAction.SEND_AGAIN,
            {*"17 26 1001 1019 9999 1031 1032 1036 1037 2001 refused busy not-sent 77777".split()},
        ),
    ],
)
def test_each_result_has_one_first_action(first: FirstAction, codes: set[str]) -> None:
    assert {outcome.code for outcome in EVERY_OUTCOME if outcome.first is first} == codes


@pytest.mark.parametrize(
    ("code", "heading"),
    [
        ("1", "Not enough balance"),
        ("4", "Daily limit reached"),
        ("1032", "Canceled on the phone"),
        ("1037", "The phone didn't answer"),
        ("2001", "Wrong M-PESA PIN"),
        ("8006", "M-PESA PIN locked"),
        ("77777", "The payment didn't go through"),
    ],
)
def test_failure_has_a_heading_by_its_reason(code: str, heading: str) -> None:
    assert outcome_of(code, PaymentStatus.FAILED if code != "1032" else PaymentStatus.CANCELLED).heading == heading


def test_only_paid_and_waiting_have_no_heading() -> None:
    assert {outcome.code for outcome in EVERY_OUTCOME if not outcome.heading} == {"0", "4999"}


@pytest.mark.parametrize("reason", ["refused", "number-refused", "amount-refused"])
def test_only_a_refused_number_blames_the_number(reason: str) -> None:
    assert ("number" in PUSH_CODES[reason].sentence) is (reason == "number-refused")


@pytest.mark.parametrize("code", ["77777", "SFC_IC9999", "", None, "4999", " 4999 "])
def test_unknown_code_keeps_waiting(code: str | None) -> None:
    outcome = result_outcome(code)

    assert outcome.status is None
    assert outcome.retry is Retry.WAIT
    assert outcome.sentence.startswith("Waiting for M-PESA.")


@pytest.mark.parametrize(("code", "expected"), [("77777", True), ("", False), (None, False), ("4999", False)])
def test_only_a_code_outside_the_table_is_unknown(code: str | None, expected: bool) -> None:
    assert is_unknown(code) is expected


def test_unknown_code_of_a_failed_payment_is_kept() -> None:
    outcome = outcome_of("SFC_IC9999", PaymentStatus.FAILED)

    assert outcome.code == "SFC_IC9999"
    assert outcome.sentence == "M-PESA couldn't complete this payment. Send the prompt again. {C}"


def test_spaces_around_a_code_are_ignored() -> None:
    assert result_outcome(" 1032 ").status is PaymentStatus.CANCELLED


@pytest.mark.parametrize(
    ("reason", "wait", "start"),
    [
        ("refused", 0, "M-PESA didn't accept the prompt, so nothing was sent to the phone. Send it again. {other}"),
        ("number-refused", 0, "M-PESA didn't accept {number}, so nothing was sent to the phone. Check it"),
        ("amount-refused", 0, "M-PESA didn't accept this amount, so nothing was sent to the phone. {other}"),
        ("busy", 60, "M-PESA is busy."),
        ("misconfigured", 0, "This shop can't take M-PESA right now."),
        ("not-sent", 0, "The prompt wasn't sent to the phone."),
    ],
)
def test_push_outcome_names_the_reason(reason: str, wait: int, start: str) -> None:
    outcome = PUSH_CODES[reason]

    assert outcome.status is PaymentStatus.FAILED
    assert outcome.wait == wait
    assert outcome.sentence.startswith(start)
    assert "{N}" not in outcome.sentence


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        pytest.param("1032", PaymentStatus.COMPLETED, "0", id="paid late after a cancel"),
        pytest.param("", PaymentStatus.EXPIRED, "no-answer", id="expired without a code"),
        pytest.param("no-answer", PaymentStatus.EXPIRED, "no-answer", id="expired"),
        pytest.param("1037", PaymentStatus.EXPIRED, "1037", id="expired before Safaricom named the failure"),
        pytest.param("0", PaymentStatus.EXPIRED, "no-answer", id="expired with a code that is no failure"),
        pytest.param("", PaymentStatus.PENDING, "4999", id="not sent yet"),
        pytest.param("", PaymentStatus.PROCESSING, "4999", id="on the phone"),
        pytest.param("2001", PaymentStatus.FAILED, "2001", id="a wrong PIN"),
        pytest.param("1032", PaymentStatus.CANCELLED, "1032", id="cancelled"),
        pytest.param("busy", PaymentStatus.FAILED, "busy", id="never sent"),
        pytest.param("77777", PaymentStatus.FAILED, "77777", id="an unknown code"),
    ],
)
def test_outcome_of_a_stored_payment(code: str, status: PaymentStatus, expected: str) -> None:
    assert outcome_of(code, status).code == expected


@pytest.mark.parametrize("code", ["0", "4999"])
def test_failed_payment_never_reads_as_paid_or_waiting(code: str) -> None:
    assert outcome_of(code, PaymentStatus.FAILED).sentence.startswith("M-PESA couldn't complete this payment.")


def test_retry_formats_as_its_value() -> None:
    assert str(Retry.OTHER_NUMBER) == "other_number"


def test_first_action_formats_as_its_value() -> None:
    assert str(FirstAction.OTHER_METHOD) == "other_method"
