"""Record which methods of the checkout's views run in a request, who answered it, and what was caught on the way.

Python's profiling hook reports each call and each return of the present thread. So nothing of the shop is replaced,
and requests of other threads run as always.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from oscar_mpesa.checkout_check.code_places import Place, Side, place_of, side_of
from oscar_mpesa.domain.method_code import is_mpesa

#: Django's function that turns an exception into an error page.
_HANDLER = "response_for_exception"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a method of a view, or of the shop's own class for the data of the checkout."""

    place: Place
    code: CodeType
    view: type


@dataclass(slots=True)
class Recording:
    """What ran in one request.

    ``caught`` are exceptions with the names of the functions that caught them. ``choices`` are the codes given to
    ``pay_by``, and ``losses`` the removals from the session, with the places that called.
    """

    calls: list[Call] = field(default_factory=list)
    answers: list[tuple[Place, HttpResponseBase]] = field(default_factory=list)
    caught: list[tuple[BaseException, str]] = field(default_factory=list)
    choices: list[tuple[Any, Place | None]] = field(default_factory=list)
    losses: list[Place] = field(default_factory=list)

    @property
    def views(self) -> list[type]:
        """Return the classes of the views that ran, in order."""
        return list(dict.fromkeys(call.view for call in self.calls if issubclass(call.view, View)))

    def answerer(self, response: HttpResponseBase) -> Place | None:
        """Return the first place outside Django that returned this response."""
        return next(iter(self.chain(response)), None)

    def chain(self, response: HttpResponseBase | None) -> list[Place]:
        """Return all places outside Django that returned this response, innermost first."""
        return [place for place, answer in self.answers if answer is response]


@contextmanager
def recording(request: HttpRequest) -> Iterator[Recording]:
    """Record what this thread runs inside the ``with`` block, which handles the request."""
    record, before = Recording(), sys.getprofile()
    hook = Hook(record, request, sys.exc_info()[1])
    sys.setprofile(hook)
    try:
        yield record
    finally:
        sys.setprofile(before)


class Hook:
    """Receive Python's events. Raises nothing, because an exception would end the shop's own call."""

    def __init__(self, record: Recording, request: HttpRequest, handled_before: BaseException | None) -> None:
        self._record = record
        self._request = request
        self._handled_before = handled_before
        self._known: set[tuple[int, str]] = set()
        self._choice: Any = None

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event not in ("call", "return"):
            return
        side, caller = _side(frame), frame.f_back
        if event == "call" and caller is not None and _may_catch(caller, frame):
            self._note_caught(caller)
        if side is Side.LIBRARY:
            return
        self._follow_choice(frame if event == "return" else caller)
        if event == "call":
            self._note_call(frame)
        elif isinstance(argument, HttpResponseBase):
            self._record.answers.append((place_of(frame), argument))

    def _note_caught(self, catcher: FrameType) -> None:
        error, name = sys.exc_info()[1], catcher.f_code.co_name
        if error is not None and error is not self._handled_before and (id(error), name) not in self._known:
            self._known.add((id(error), name))
            self._record.caught.append((error, name))

    def _note_call(self, frame: FrameType) -> None:
        code = frame.f_code
        if not code.co_argcount or code.co_varnames[0] != "self":
            return
        this = frame.f_locals.get("self")
        if isinstance(this, View) or (hasattr(type(this), "payment_method") and _side(frame).is_shops):
            self._record.calls.append(Call(place_of(frame), code, type(this)))
        elif code.co_name == "pay_by":
            self._record.choices.append((frame.f_locals.get("method"), _responsible(frame.f_back)))

    def _follow_choice(self, frame: FrameType | None) -> None:
        """Note who runs when M-PESA vanishes from the session."""
        choice = choice_in(self._request)
        if is_mpesa(self._choice) and not is_mpesa(choice):
            place = _responsible(frame)
            if place is not None:
                self._record.losses.append(place)
        self._choice = choice


def choice_in(request: HttpRequest) -> Any:
    """Return the payment method in the session that a request has loaded, None without one."""
    data = getattr(getattr(request, "session", None), "_session_cache", None) or {}
    return ((data.get("checkout_data") or {}).get("payment") or {}).get("method")


def _may_catch(caller: FrameType, frame: FrameType) -> bool:
    """Return whether the call may come from an ``except`` block that matters."""
    return _side(caller) is not Side.LIBRARY or frame.f_code.co_name == _HANDLER


def _side(frame: FrameType) -> Side:
    return side_of(str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename)


def _responsible(frame: FrameType | None) -> Place | None:
    """Return the place that runs a frame of Oscar or a library, if it is the shop's and not ours."""
    while frame is not None and not _side(frame).is_shops:
        if _side(frame) is Side.OURS:
            return None
        frame = frame.f_back
    return place_of(frame, frame.f_lineno) if frame is not None else None
