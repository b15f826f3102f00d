"""Hypothesis strategies for callback bodies: arbitrary bytes, and a valid success with one wrong field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from hypothesis import strategies as st

CHECKOUT_ID, AMOUNT, NUMBER = "ws_CO_231120261500001708374149", 1500, "OD123ABC45"

#: The fields and metadata items of a success that pays.
FIELDS = {"MerchantRequestID": "29115-1", "CheckoutRequestID": CHECKOUT_ID, "ResultCode": 0, "ResultDesc": "Done"}
ITEMS = {"Amount": AMOUNT, "MpesaReceiptNumber": NUMBER, "TransactionDate": 20261123150005, "PhoneNumber": 254708374149}


def callback_body(changes: Mapping[str, Any]) -> bytes:
    """Return the body of a valid success, with some fields or their containers replaced."""
    value = {**FIELDS, **ITEMS, **changes}
    rows = [{"Name": name, "Value": value[name]} for name in ITEMS]
    metadata = value.get("CallbackMetadata", {"Item": value.get("Item", rows)})
    fields = {**{name: value[name] for name in FIELDS}, "CallbackMetadata": metadata, **value.get("extra", {})}
    return json.dumps({"Body": value.get("Body", {"stkCallback": value.get("stkCallback", fields)})}).encode()


def _is_number(value: Any, wanted: int) -> bool:
    try:
        return bool(Decimal(str(value).replace("\x00", "").strip()) == wanted)
    except InvalidOperation:
        return False


def _is_our_id(value: Any) -> bool:
    """Return whether the id is ours or missing. A missing id names no other push."""
    return value is None or (isinstance(value, str) and value.replace("\x00", "").strip() in {"", CHECKOUT_ID})


#: Lone surrogates and NULs are legal in JSON, but databases refuse them.
TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(["", " ", "\x00", "0\x00", "\ud800", "1e999", "NaN"])
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -1, 2**63, 1e308, float("nan"), float("inf")])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
LISTS = st.lists(SCALARS, max_size=3)
OBJECTS = st.dictionaries(TEXTS, SCALARS, max_size=3)
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))

#: Values that make a success invalid, by field.
WRONG: dict[str, st.SearchStrategy[Any]] = {
    "Body": SCALARS | LISTS | OBJECTS,
    "stkCallback": SCALARS | LISTS | OBJECTS,
    "CallbackMetadata": SCALARS | LISTS | OBJECTS,
    "Item": SCALARS | LISTS | OBJECTS,
    "CheckoutRequestID": ANYTHING.filter(lambda value: not _is_our_id(value)),
    "ResultCode": ANYTHING.filter(lambda value: not _is_number(value, 0)),
    "Amount": ANYTHING.filter(lambda value: not _is_number(value, AMOUNT)),
    "MpesaReceiptNumber": st.none() | st.booleans() | LISTS | OBJECTS | st.sampled_from(["", " ", "\x00", "A" * 33]),
}
ODD_FIELDS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["MerchantRequestID", "ResultDesc", "TransactionDate", "PhoneNumber"], ANYTHING)
)
ONE_WRONG_FIELD = st.sampled_from(sorted(WRONG)).flatmap(lambda name: st.fixed_dictionaries({name: WRONG[name]}))
ALMOST_VALID = st.builds(lambda strange, wrong: callback_body({**strange, **wrong}), ODD_FIELDS, ONE_WRONG_FIELD)

VALID = callback_body({})
CODE, ROW = b'"ResultCode": 0', b'{"Name": "Amount", "Value": 1500}'
BROKEN = st.one_of(
    st.integers(0, len(VALID) - 1).map(lambda length: VALID[:length]),
    st.text(min_size=1).filter(lambda junk: not junk.isspace()).map(lambda junk: VALID + b"," + junk.encode()),
    st.integers(2, 3_000).map(lambda depth: b'{"Body":' * depth + VALID + b"}" * depth),
    st.integers(70_000, 90_000).map(lambda length: callback_body({"ResultDesc": "x" * length})),
    st.sampled_from([VALID.decode().encode("utf-16"), VALID.replace(CODE, CODE + b', "ResultCode": 1032')]),
    st.integers(0, 1499).map(lambda amount: VALID.replace(ROW, ROW.replace(b"1500", b"%d" % amount) + b"," + ROW)),
)

#: Every body that is not a valid success.
INVALID = ALMOST_VALID | ALMOST_VALID | BROKEN | ANYTHING.map(lambda value: json.dumps(value).encode()) | st.binary()

#: A valid success with unknown fields.
NEW_NAMES = TEXTS.map(lambda text: f"New{text}")
VALID_WITH_EXTRAS = st.builds(
    lambda extra: callback_body({"extra": extra}), st.dictionaries(NEW_NAMES, ANYTHING, max_size=3)
)
