"""Name a place in the code, and find out whether it is the shop's, Oscar's, ours or a library's."""

from __future__ import annotations

import sysconfig
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CodeType, FrameType, TracebackType
from typing import Any

from django.conf import settings


class Side(Enum):
    """Whose code it is. A plugin is another app that is installed like a library."""

    SHOP = "shop"
    PLUGIN = "plugin"
    OURS = "ours"
    OSCAR = "oscar"
    LIBRARY = "library"

    @property
    def is_shops(self) -> bool:
        """Return whether the shop chose this code: its own, or a plugin's."""
        return self in (Side.SHOP, Side.PLUGIN)


@dataclass(frozen=True, slots=True)
class Place:
    """A function or method: its module, its class (None for a function), its name and a line in it."""

    module: str
    owner: type | None
    name: str
    line: int
    side: Side
    arguments: str = ""

    @property
    def label(self) -> str:
        """Return the dotted name, with the class that defines the method."""
        return f"{class_label(self.owner)}.{self.name}" if self.owner else f"{self.module}.{self.name}"


def class_label(cls: type) -> str:
    """Return the dotted name of a class."""
    return f"{cls.__module__}.{cls.__qualname__}"


def place_of(frame: FrameType, line: int | None = None) -> Place:
    """Return where a frame runs. Its class is the one whose body defines the method."""
    module = str(frame.f_globals.get("__name__", ""))
    code = frame.f_code
    owner = _owner(frame, code)
    name = code.co_name if owner else getattr(code, "co_qualname", code.co_name).replace(".<locals>", "")
    side = side_of(module, code.co_filename)
    return Place(module, owner, name, line or code.co_firstlineno, side, _arguments(code))


def places_in(traceback: TracebackType | None) -> list[Place]:
    """Return the places that an exception passed, outermost first, each with its line."""
    places = []
    while traceback is not None:
        places.append(place_of(traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    return places


def innermost_of_shop(error: BaseException) -> Place | None:
    """Return the innermost place of the shop's own code that an exception passed, else of a plugin's."""
    places = places_in(error.__traceback__)
    for side in (Side.SHOP, Side.PLUGIN):
        found = [place for place in places if place.side is side]
        if found:
            return found[-1]
    return None


def is_raised_by_us(error: BaseException) -> bool:
    """Return whether the app itself raised an exception."""
    places = places_in(error.__traceback__)
    return bool(places) and places[-1].side is Side.OURS


@lru_cache(maxsize=10_000)
def side_of(module: str, filename: str) -> Side:
    """Return whose code a module is."""
    package = module.partition(".")[0]
    known = {"oscar_mpesa": Side.OURS, "oscar": Side.OSCAR, "django": Side.LIBRARY}
    if package in known:
        return known[package]
    if filename.startswith("<") or not _is_library_file(filename):
        return Side.LIBRARY if filename.startswith("<") else Side.SHOP
    chosen = {name.partition(".")[0] for name in (*settings.INSTALLED_APPS, *settings.MIDDLEWARE)}
    return Side.PLUGIN if package in chosen else Side.LIBRARY


def implementation(cls: type, name: str) -> CodeType | None:
    """Return the code of the method that a class's own body defines, None if it defines none."""
    member: Any = vars(cls).get(name)
    member = getattr(member, "fget", None) or getattr(member, "__func__", member)
    while hasattr(member, "__wrapped__"):
        member = member.__wrapped__
    return getattr(member, "__code__", None)


def _arguments(code: CodeType) -> str:
    """Return how a call passes on what the function receives, without ``self``."""
    names = code.co_varnames
    given = list(names[: code.co_argcount])
    keywords = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    rest = list(names[code.co_argcount + len(keywords) :])
    starred = [f"*{rest.pop(0)}"] if code.co_flags & CO_VARARGS else []
    double = [f"**{rest.pop(0)}"] if code.co_flags & CO_VARKEYWORDS else []
    passed = given[1:] if given[:1] == ["self"] else given
    return ", ".join([*passed, *starred, *(f"{name}={name}" for name in keywords), *double])


def _owner(frame: FrameType, code: CodeType) -> type | None:
    arguments = code.co_varnames[: code.co_argcount]
    if not arguments or arguments[0] not in ("self", "cls"):
        return None
    this = frame.f_locals.get(arguments[0])
    kind = this if isinstance(this, type) else type(this)
    return next((cls for cls in kind.__mro__ if implementation(cls, code.co_name) is code), None)


@lru_cache(maxsize=10_000)
def _is_library_file(filename: str) -> bool:
    paths = sysconfig.get_paths()
    libraries = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    is_packaged = "/site-packages/" in filename or "/dist-packages/" in filename
    return is_packaged or any(filename.startswith(f"{path}/") for path in libraries)
