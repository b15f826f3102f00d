"""The recorder's hook. Python does not trace it while it runs, so these tests call it directly."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.views import View

from oscar_mpesa.checkout_check.recorder import Hook, Recording, recording

CHOSEN = {"checkout_data": {"payment": {"method": "mpesa"}}}


class OwnSession:
    """A session whose data is loaded."""

    def __init__(self) -> None:
        self._session_cache: dict[str, Any] = {}


class OwnView(View):
    """A view of the shop."""

    def get(self) -> FrameType:
        return sys._getframe()


class OwnCheckoutData:
    """The shop's data of a checkout."""

    def payment_method(self) -> str:
        raise NotImplementedError

    def pay_by(self, method: str) -> FrameType:
        return sys._getframe()


class Plain:
    """A class that is neither, with a method of the name that counts."""

    def pay_by(self, method: str) -> FrameType:
        return sys._getframe()


@pytest.fixture
def request_with_session(rf: Any) -> HttpRequest:
    request: HttpRequest = rf.get("/")
    request.session = OwnSession()  # type: ignore[assignment]
    return request


def new_hook(request: HttpRequest) -> tuple[Hook, Recording]:
    record = Recording()
    return Hook(record, request, None), record


def test_methods_of_views_and_of_the_checkouts_data_are_recorded(request_with_session: HttpRequest) -> None:
    hook, record = new_hook(request_with_session)

    for frame in (OwnView().get(), OwnCheckoutData().pay_by("card"), Plain().pay_by("cash"), sys._getframe()):
        hook(frame, "call", None)
    hook(OwnView().get(), "c_call", None)

    assert [call.place.name for call in record.calls] == ["get", "pay_by"]
    assert record.views == [OwnView]
    assert [code for code, _place in record.choices] == ["cash"]


def test_response_is_recorded_with_the_place_that_returned_it(request_with_session: HttpRequest) -> None:
    hook, record = new_hook(request_with_session)
    response = HttpResponse()

    hook(OwnView().get(), "return", response)
    hook(OwnView().get(), "return", "no response")

    assert [place.label for place in record.chain(response)] == [f"{__name__}.OwnView.get"]
    assert record.answerer(response) == record.chain(response)[0]
    assert record.answerer(HttpResponse()) is None


def test_place_that_removes_the_choice_is_recorded(request_with_session: HttpRequest) -> None:
    hook, record = new_hook(request_with_session)
    session: Any = request_with_session.session

    session._session_cache = CHOSEN
    hook(OwnView().get(), "return", None)
    session._session_cache = {"checkout_data": {"payment": {}}}
    hook(OwnView().get(), "return", None)
    hook(OwnView().get(), "return", None)

    assert [place.name for place in record.losses] == ["get"]


def test_caught_exception_is_recorded_once(request_with_session: HttpRequest) -> None:
    hook, record = new_hook(request_with_session)

    def clean_up() -> FrameType:
        return sys._getframe()

    try:
        raise KeyError("card")
    except KeyError as error:
        hook(clean_up(), "call", None)
        hook(clean_up(), "call", None)
        expected = (error, "test_caught_exception_is_recorded_once")

    assert record.caught == [expected]


def test_recording_restores_the_profiler(request_with_session: HttpRequest) -> None:
    before = sys.getprofile()

    with recording(request_with_session) as record:
        OwnView().get()

    assert sys.getprofile() is before
    assert record.views == [OwnView]
