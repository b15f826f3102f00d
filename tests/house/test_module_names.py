"""Modules and packages of oscar_mpesa are named with nouns, not with -ing forms."""

from __future__ import annotations

import pytest

from tests.house.sources import python_files

#: ``testing`` and ``settings`` are Django's own words, ``shipping`` is Oscar's.
ALLOWED = {"testing", "settings", "shipping"}


def verb_forms(names: set[str]) -> set[str]:
    """Return the names that end in -ing and are not allowed."""
    return {name for name in names if name.endswith("ing")} - ALLOWED


@pytest.mark.parametrize("name", ["allocating", "order_closing"])
def test_verb_forms_are_found(name: str) -> None:
    assert verb_forms({name, "allocation", "testing", "findings"}) == {name}


def test_no_module_name_ends_in_ing() -> None:
    names = {part for source in python_files("oscar_mpesa") for part in source.path.with_suffix("").parts}

    assert {"allocation", "testing"} <= names
    assert verb_forms(names) == set()
