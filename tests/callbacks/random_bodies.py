"""Random callback bodies: a valid success that was damaged somewhere, and junk. Quicker than hypothesis, for many."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tests.callbacks.bodies import FIELDS, ITEMS, VALID, callback_body

NAMES = [*FIELDS, *ITEMS, "Body", "stkCallback", "CallbackMetadata", "Item", "extra"]
VALUES: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        1500,
        1032,
        10**400,
        2**63,
        1e308,
        float("nan"),
        "",
        " ",
        "0",
        "1032",
        "4999",
        "\x00",
        "\ud800",
    ),
    *("a\r\nb", "Ω" * 200, "x" * 70_000, "1e999", "254708374149", [], {}, [1], {"a": {}}, [[[]]], [None], '{"a": 1}'),
]


def random_body(random: Random) -> bytes:
    """Return one body."""
    kind = random.randrange(5)
    if kind == 0:
        return random.randbytes(random.randrange(300))
    if kind == 1:
        return VALID[: random.randrange(len(VALID))]
    if kind == 2:
        return _damaged(random, VALID)
    body = callback_body({random.choice(NAMES[:-1]): random.choice(VALUES) for _ in range(random.randrange(1, 4))})
    return _damaged(random, body) if kind == 3 else json.dumps(body.decode()).encode()


def _damaged(random: Random, body: bytes) -> bytes:
    damaged = bytearray(body)
    for _ in range(random.randrange(1, 4)):
        start = random.randrange(len(damaged))
        damaged[start : start + random.randrange(4)] = random.randbytes(random.randrange(4))
    return bytes(damaged)
