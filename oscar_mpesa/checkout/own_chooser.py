"""Find out whether a shop asks for the payment method itself, so that our chooser stays away."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from itertools import pairwise
from types import CodeType, FunctionType
from typing import Any

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.method_code import is_mpesa


def has_own_chooser(method_view: type, details_view: type) -> bool:
    """Return what ``OWN_CHOOSER`` says, or else what the shop's own code shows.

    A shop chooses itself if its view of the payment methods has a ``get`` of its own, or if a method of its payment
    details view calls ``pay_by`` with a code that the shopper chose. A ``get`` that only names the shop's one method is
    no choice.
    """
    configured = get_settings().OWN_CHOOSER
    if configured is not None:
        return configured
    owner = next((cls for cls in method_view.__mro__ if "get" in vars(cls)), object)
    if _is_shops(owner) and not _names_one_method(method_view):
        return True
    return any(_passes_a_choice(code) for code in _codes_of_shop(details_view))


def _is_shops(cls: type) -> bool:
    return not cls.__module__.startswith(("oscar.apps.", "oscar_mpesa."))


def _names_one_method(method_view: Any) -> bool:
    getter = getattr(method_view, "get", None)
    is_named = isinstance(getter, FunctionType) and any("pay_by" in code.co_names for code in _codes(getter.__code__))
    return is_named and not hasattr(method_view, "post")


def _codes_of_shop(view: type) -> Iterator[CodeType]:
    for cls in filter(_is_shops, view.__mro__):
        for each in vars(cls).values():
            if isinstance(each, FunctionType):
                yield from _codes(each.__code__)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def _passes_a_choice(code: CodeType) -> bool:
    """Return whether the code calls ``pay_by`` with a variable or with M-PESA's code. ``pay_by("card")`` is no choice.

    The instruction after the one that loads ``pay_by`` loads its argument.
    """
    steps = list(dis.get_instructions(code))
    arguments = [after for step, after in pairwise(steps) if step.argval == "pay_by"]
    return any(after.opname != "LOAD_CONST" or is_mpesa(after.argval) for after in arguments)
