"""The Daraja client. Each call has a time limit, and none sends a second prompt."""

from __future__ import annotations

import json
import logging
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from oscar_mpesa.daraja.call_log import ApiCall, loggable, loggable_body, server_time
from oscar_mpesa.daraja.credentials import Credentials
from oscar_mpesa.daraja.error_parser import is_pending, read_reply, read_token_reply
from oscar_mpesa.daraja.exceptions import DarajaError, DarajaUnreachable, DarajaUnreadable, TokenRejected
from oscar_mpesa.daraja.guard import Guard, OpenGuard
from oscar_mpesa.daraja.hidden import HiddenBytes, HiddenText
from oscar_mpesa.daraja.stk_push import StkPush, StkPushReply, push_body, read_push
from oscar_mpesa.daraja.stk_query import StkQueryReply, query_body, read_query
from oscar_mpesa.daraja.tokens import LOCK, Cache, Tokens, read_token
from oscar_mpesa.daraja.transport import Request, Response, Transport

__all__ = ["Client", "ApiCall", "ignore"]

logger = logging.getLogger("oscar_mpesa")

T = TypeVar("T")

#: Time limits in seconds for a push and a query, including the time to get a token.
PUSH_LIMIT, QUERY_LIMIT = 15.0, 10.0

#: Time limit in seconds for one OAuth call: no longer than the lock that makes other workers wait.
OAUTH_LIMIT = float(LOCK)

#: The client starts no push with fewer seconds left. Without time for its reply, its outcome would be unknown.
_MIN_TIME = 2.0

#: The same for calls that change nothing at Safaricom, so that one more of them does no harm.
_MIN_TIME_IDEMPOTENT = 0.4

#: What a token's fetch leaves beside that time, so that a call follows a fetch that took all of its own.
_SLACK = 0.1

_MAX_CONNECT = 3.0


def ignore(call: ApiCall) -> None:
    """Record nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What differs between the three calls."""

    endpoint: str
    url: str
    fields: Mapping[str, str | int] = field(repr=False)
    idempotent: bool
    deadline: float
    is_patient: bool = True

    @property
    def min_time(self) -> float:
        return _MIN_TIME_IDEMPOTENT if self.idempotent else _MIN_TIME


class Client:
    """Call Daraja for one short code. Thread-safe and cheap to create.

    ``cache`` holds the token and is shared by all workers. ``observe`` receives every call, without secrets. ``guard``
    can refuse a call before it is made.
    """

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        cache: Cache,
        observe: Callable[[ApiCall], None] = ignore,
        guard: Guard | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._credentials = credentials
        self._transport = transport
        self._cache = cache
        self._observe = observe
        self._guard: Guard = guard or OpenGuard()
        self._monotonic = monotonic
        self._sleep = sleep

    def push(self, push: StkPush, *, now: datetime) -> StkPushReply:
        """Send an STK push, within 15 seconds, and return Safaricom's ids.

        Sends it once. Only if Safaricom refuses the token, before executing anything, sends it a second time.
        Raises ``DarajaError``: unless ``was_not_sent``, the prompt may be on the phone.
        """
        call = _Call(
            endpoint="push",
            url=self._credentials.push_url,
            fields=push_body(self._credentials, push, now=now),
            idempotent=False,
            deadline=self._monotonic() + PUSH_LIMIT,
        )
        return self._with_token(call, lambda response: read_reply(response, read_push))

    def query(self, checkout_request_id: str, *, now: datetime, limit: float = QUERY_LIMIT) -> StkQueryReply:
        """Query the result of a push, within ``limit`` seconds in all.

        ``result_code`` is None if Safaricom still processes the push, or does not know it (yet). Raises
        ``DarajaError`` if the reply says nothing about the push.
        """
        checkout_request_id = HiddenText(checkout_request_id)  # it ends in the phone number

        def read(response: Response) -> StkQueryReply:
            try:
                return read_reply(response, lambda document: read_query(document, checkout_request_id))
            except DarajaError as error:
                if is_pending(error):
                    return StkQueryReply(result_code=None, description=error.message)
                raise

        call = _Call(
            endpoint="query",
            url=self._credentials.query_url,
            fields=query_body(self._credentials, checkout_request_id, now=now),
            idempotent=True,
            deadline=self._monotonic() + limit,
            is_patient=limit >= QUERY_LIMIT,
        )
        return self._with_token(call, read)

    def renew_token(self) -> None:
        """Fetch a new token, within 10 seconds, and share it with all workers, even if the cache has one.

        Raises ``DarajaError`` if that fails. The cached token then stays.
        """
        self._tokens(self._monotonic() + QUERY_LIMIT, min_time=_MIN_TIME_IDEMPOTENT).renew()

    def _with_token(self, call: _Call, read: Callable[[Response], T]) -> T:
        tokens = self._tokens(call.deadline, min_time=call.min_time, is_patient=call.is_patient)
        token = tokens.current()
        try:
            return self._send(call, HiddenText(f"Bearer {token}"), read)
        except TokenRejected:
            tokens.drop(token)
        return self._send(call, HiddenText(f"Bearer {tokens.current()}"), read)

    def _tokens(self, deadline: float, *, min_time: float, is_patient: bool = True) -> Tokens:
        return Tokens(
            self._cache,
            lambda: self._fetch_token(deadline - min_time - _SLACK, is_patient=is_patient),
            self._credentials.token_key,
            max_wait=deadline - self._monotonic() - min_time,
            is_patient=is_patient,
            sleep=self._sleep,
            monotonic=self._monotonic,
        )

    def _fetch_token(self, deadline: float, *, is_patient: bool) -> tuple[str, int]:
        call = _Call(
            endpoint="oauth",
            url=self._credentials.oauth_url,
            fields={},
            idempotent=True,
            deadline=min(deadline, self._monotonic() + OAUTH_LIMIT),
            is_patient=is_patient,
        )
        pair = HiddenText(f"{self._credentials.consumer_key}:{self._credentials.consumer_secret}")
        basic = HiddenText(f"Basic {b64encode(pair.encode()).decode('ascii')}")
        try:
            return self._send(call, basic, lambda response: read_token_reply(response, read_token))
        except DarajaError as error:
            error.sent = False  # without a token, the push or query itself was not sent
            raise

    def _send(self, call: _Call, authorization: str, read: Callable[[Response], T]) -> T:
        """Return what ``read`` reads from the response. Raises only ``DarajaError`` once the request has left."""
        request = self._request(call, authorization)
        self._guard.admit(call.endpoint, is_patient=call.is_patient)
        started = self._monotonic()
        response: Response | None = None
        failure: DarajaError | None = None
        try:
            response = _exchange(self._transport, request)
            return _read(response, read)
        except DarajaError as error:
            failure = error
            raise
        finally:
            self._record(call, started, response, failure)

    def _request(self, call: _Call, authorization: str) -> Request:
        """Build the HTTP request. Raises ``DarajaUnreachable`` (not sent) if too little time is left for a reply."""
        left = call.deadline - self._monotonic()
        if left < call.min_time:
            raise DarajaUnreachable("too little time left to send it", sent=False)
        connect = min(_MAX_CONNECT, left / 3)
        headers = {"Authorization": authorization}
        if call.fields:
            headers["Content-Type"] = "application/json"
        return Request(
            method="POST" if call.fields else "GET",
            url=call.url,
            headers=headers,
            body=HiddenBytes(json.dumps(call.fields).encode()) if call.fields else None,
            idempotent=call.idempotent,
            connect=connect,
            read=left - connect,
        )

    def _record(self, call: _Call, started: float, response: Response | None, failure: DarajaError | None) -> None:
        """Record the call. Never raises: the reply may be the only proof of a prompt, so it matters more."""
        try:
            is_answered = response is not None or not isinstance(failure, DarajaUnreachable)
            self._guard.record(call.endpoint, is_patient=call.is_patient, is_answered=is_answered)
            self._observe(
                ApiCall(
                    endpoint=call.endpoint,
                    http_status=response.status if response else None,
                    milliseconds=round((self._monotonic() - started) * 1000),
                    request=loggable(call.fields),
                    reply=loggable_body(response.body) if response else {},
                    error="" if failure is None else str(failure),
                    error_kind=None if failure is None else failure.kind,
                    server_time=server_time(response.headers) if response else None,
                )
            )
        except Exception:
            logger.exception("a call to Daraja (%s) could not be recorded", call.endpoint)


def _exchange(transport: Transport, request: Request) -> Response:
    """Send the request. Any other error than a ``DarajaError`` becomes one that leaves the outcome unknown."""
    try:
        return transport.send(request)
    except DarajaError:
        raise
    except Exception as error:
        logger.exception("a request to Daraja failed in an unknown way")
        raise DarajaUnreachable(f"failed while sending: {type(error).__name__}") from error


def _read(response: Response, read: Callable[[Response], T]) -> T:
    """Read the response. An error of our own leaves the outcome unknown too."""
    try:
        return read(response)
    except DarajaError:
        raise
    except Exception as error:
        logger.exception("a reply of Daraja could not be read")
        message = f"reply not readable: {type(error).__name__}"
        raise DarajaUnreadable(message, http_status=response.status) from error
