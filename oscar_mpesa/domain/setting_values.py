"""Convert the values of settings to their types. Each function raises ``TypeError`` or ``ValueError``."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any


def text(value: Any) -> str:
    """Return a text without blanks around it; "" for None."""
    return "" if value is None else str(value).strip()


def texts(values: Any) -> tuple[str, ...]:
    """Return the items of a list as texts."""
    if isinstance(values, str):
        raise TypeError("it must be a list")
    return tuple(str(value) for value in values)


def function(value: Any) -> Any:
    """Accept a function or its dotted path, which is imported later: no model is loaded yet."""
    return value if callable(value) else text(value)


def boolean(value: Any) -> bool:
    """Accept True and False only, because ``bool("false")`` is True."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither True nor False")
    return value


def boolean_or_none(value: Any) -> bool | None:
    """Accept True, False and None."""
    return None if value is None else boolean(value)


def choice(choices: tuple[str, ...]) -> Callable[[Any], str]:
    """Return a function that accepts one of the choices."""

    def convert(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is not one of {', '.join(repr(choice) for choice in choices)}")
        return str(value)

    return convert


def positive(value: Any) -> int:
    """Return a whole number that is 1 or more."""
    number = int(value)
    if number < 1:
        raise ValueError("it must be 1 or more")
    return number


def not_negative(value: Any) -> int:
    """Return a whole number that is 0 or more."""
    number = int(value)
    if number < 0:
        raise ValueError("it must be 0 or more")
    return number


def networks(values: Any) -> tuple[str, ...]:
    """Return a list of IP addresses and networks, each as a network."""
    return tuple(str(ipaddress.ip_network(value)) for value in texts(values))


def triples(rows: Any) -> tuple[tuple[Any, Any, Any], ...]:
    """Return a list of rows of three values."""
    return tuple((code, label, url) for code, label, url in rows)
