"""M-PESA codes as people type and paste them."""

from __future__ import annotations

import pytest

from oscar_mpesa.domain.receipt_number import ReceiptNumberRefused, is_well_formed, receipt_number


@pytest.mark.parametrize(
    "text", ["OD123ABC45", "od123abc45", " OD123 ABC45\n", "OD1 23A BC4 5"], ids=["plain", "small", "pasted", "apart"]
)
def test_code_is_normalized(text: str) -> None:
    assert receipt_number(text) == "OD123ABC45"


@pytest.mark.parametrize(
    "text",
    ["", "OD123ABC4", "OD123ABC456", "1234567890", "OD123-BC45", "OD123ABC4é", "٣D123ABC45", "0712345678"],
    ids=["empty", "short", "long", "digits", "dash", "accent", "other digits", "phone"],
)
def test_invalid_code_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ReceiptNumberRefused) as refusal:
        receipt_number(text)

    assert refusal.value.sentence.startswith("An M-PESA code has ten")
    assert not text or text not in str(refusal.value)


@pytest.mark.parametrize("number", ["OD123ABC45", "NLJ7RT61SV", "QKA81LK5CY", "0000000A00"])
def test_number_as_safaricom_writes_it_is_well_formed(number: str) -> None:
    assert is_well_formed(number)


@pytest.mark.parametrize(
    "number",
    [
        *("", "A", "N/A", "NONE", "<SCRIPT>", "od123abc45", "OD123ABC4", "OD123ABC456", "1234567890"),
        *(" OD123ABC45", "OD123ABC45\n", "OD123-BC45", "OD123ABC4É", "OD123ABC4٣"),
    ],
)
def test_other_text_is_not_well_formed(number: str) -> None:
    assert [is_well_formed(number), is_well_formed("OD123ABC45")] == [False, True]
