"""References made of order numbers."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oscar_mpesa.domain.references import account_reference, check_character, description, order_number_of

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
REFERENCES = st.builds(account_reference, st.text())
SHORT_NUMBERS = st.text(CHARACTERS, min_size=1, max_size=11)


def is_valid(reference: str) -> bool:
    return check_character(reference[:-1]) == reference[-1]


@pytest.mark.parametrize(
    ("order_number", "reference", "described"),
    [
        pytest.param("100042", "1000423", "Order 100042", id="Oscar's own number"),
        pytest.param("1000423", "10004230", "Order 1000423", id="just short enough for the words"),
        pytest.param("10004234", "100042343", "10004234", id="one digit longer"),
        pytest.param("20261130001", "202611300017", "20261130001", id="the longest that stands as it is"),
        pytest.param("202611300012", "300012Q8HA4V", "202611300012", id="one digit too long"),
        pytest.param("ORD-2024/000123", "000123WV70RM", "ORD2024000123", id="punctuation"),
        pytest.param("A/1", "A15KJTJWVK9J", "Order A1", id="a short one with punctuation"),
        pytest.param("№ ¿?", "3XB82RDJ8V9X", "Order", id="nothing left"),
        pytest.param("", "3G42RWWMTVMV", "Order", id="empty"),
    ],
)
def test_order_number_fits_safaricoms_limits(order_number: str, reference: str, described: str) -> None:
    assert account_reference(order_number) == reference
    assert description(order_number) == described


@given(st.text())
def test_references_have_allowed_length_and_characters(order_number: str) -> None:
    reference, described = account_reference(order_number), description(order_number)

    assert 1 <= len(reference) <= 12
    assert 1 <= len(described) <= 13
    assert set(reference) <= set(CHARACTERS)
    assert described.isascii()
    assert is_valid(reference)


@given(REFERENCES, st.integers(0, 11), st.sampled_from(CHARACTERS))
def test_one_wrong_character_shows(reference: str, place: int, char: str) -> None:
    place %= len(reference)
    assume(reference[place] != char)

    wrong = reference[:place] + char + reference[place + 1 :]

    assert is_valid(reference)
    assert not is_valid(wrong)


@given(REFERENCES, st.integers(0, 10))
def test_two_characters_that_change_places_show(reference: str, place: int) -> None:
    place %= len(reference) - 1
    one, other = reference[place], reference[place + 1]
    assume(one != other)

    wrong = reference[:place] + other + one + reference[place + 2 :]

    assert is_valid(reference)
    assert not is_valid(wrong)


def test_each_pair_of_neighbors_that_change_places_shows() -> None:
    pairs = [(one, other) for one, other in product(CHARACTERS, repeat=2) if one != other]
    codes = [f"1000{one}{other}7" for one, other in pairs]

    missed = [pair for pair, code in zip(pairs, codes, strict=True) if is_swap_missed(*pair, code)]

    assert len(codes) == 36 * 35
    assert missed == []


def is_swap_missed(one: str, other: str, body: str) -> bool:
    return check_character(body.replace(one + other, other + one, 1)) == check_character(body)


def test_numbers_that_look_alike_stay_unlike() -> None:
    long, other = f"{'A' * 30}/2026001", f"{'B' * 30}/2026001"

    references = [account_reference(number) for number in ("2026/0001", "20260/001", "20260001", long, other)]

    assert len(set(references)) == len(references)
    assert {reference[:6] for reference in references[-2:]} == {"026001"}


def test_large_sample_of_numbers_has_distinct_references() -> None:
    shapes = ("{}", "{}/2026", "2026/{:06}", "SHOP-2026-{:012}", "A-VERY-LONG-NUMBER-OF-AN-ORDER-{:07}")
    numbers = [shape.format(number) for shape in shapes for number in range(100_000, 120_000)]
    ending_alike = [f"{number:031}-ORDERS" for number in range(1_000)]

    references = {account_reference(number) for number in [*numbers, *ending_alike]}

    assert len(references) == 101_000
    assert len({reference[:6] for reference in map(account_reference, ending_alike)}) == 1


@given(SHORT_NUMBERS, SHORT_NUMBERS)
def test_short_numbers_never_share_a_reference(one: str, other: str) -> None:
    assume(one != other)

    assert account_reference(one) != account_reference(other)


@given(SHORT_NUMBERS)
def test_short_number_can_be_read_from_its_reference(number: str) -> None:
    reference = account_reference(number)

    assert order_number_of(reference) == order_number_of(reference.lower()) == number


@pytest.mark.parametrize("typed", ["", "3", "100042!", "1000243", "2026/0001", "ÉÉ8"])
def test_text_that_is_no_reference_has_no_number(typed: str) -> None:
    assert order_number_of("1000423") == "100042"
    assert order_number_of(typed) == ""
