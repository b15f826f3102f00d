"""Send requests through the shop's own middleware and views, in this process, as a browser without JavaScript."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.contrib.sites.models import Site
from django.core.handlers.base import BaseHandler
from django.core.signals import got_request_exception
from django.db import transaction
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django.urls import Resolver404, ResolverMatch, get_script_prefix, get_urlconf, reverse, set_urlconf
from django.utils import timezone, translation

from oscar_mpesa.access.callback_path import resolve_reversed
from oscar_mpesa.checkout_check.recorder import Recording, choice_in, recording

#: An address that only documentation uses (RFC 5737), so that no limit of a real client counts the check.
ADDRESS = "192.0.2.44"

#: How many redirects in a row are followed. More of them are a circle.
MOST_REDIRECTS = 12

#: Where a browser is led next, if not to a page.
PLACED, THANKED = "mpesa-payment", "thank-you"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request and its response, with the recording. ``error`` is an exception that no view caught."""

    method: str
    path: str
    request: HttpRequest
    response: HttpResponseBase | None
    record: Recording
    error: BaseException | None
    choice_before: Any
    choice: Any

    @property
    def status(self) -> int:
        """Return the status of the response; 500 without one."""
        return self.response.status_code if self.response is not None else 500

    @property
    def location(self) -> str:
        """Return where the response redirects to, an empty string if it does not."""
        if self.response is None or not 300 <= self.status < 400:
            return ""
        return str(self.response.headers.get("Location", ""))

    @property
    def html(self) -> str:
        """Return the page's text."""
        content = getattr(self.response, "content", b"")
        return content.decode(getattr(self.response, "charset", None) or "utf-8", "replace")


class Browser:
    """A browser with cookies. ``visits`` are all its requests."""

    def __init__(self, *, host: str, is_secure: bool) -> None:
        self.host, self.is_secure = host, is_secure
        self.visits: list[Visit] = []
        self.factory = RequestFactory()
        self._handler = BaseHandler()
        self._handler.load_middleware()

    def open(self, path: str, data: Mapping[str, Any] | None = None) -> Visit:
        """Get a path, or post data to it. Never raises what the shop raises."""
        request = self._request(path, data)
        before = choice_in(self.visits[-1].request) if self.visits else None
        with _errors_of(request) as errors, _thread_as_it_was(), recording(request) as record:
            try:
                with transaction.atomic():  # a database error that the shop caught ends here
                    response: HttpResponseBase | None = self._handler.get_response(request)
            except Exception as error:  # noqa: BLE001 # DEBUG_PROPAGATE_EXCEPTIONS raises what the shop raises
                response = None
                errors.append(error)
        if response is not None:
            self._take_cookies(response)
        visit = Visit(
            method=request.method or "GET",
            path=path,
            request=request,
            response=response,
            record=record,
            error=errors[0] if errors else None,
            choice_before=before,
            choice=choice_in(request),
        )
        self.visits.append(visit)
        return visit

    def target_of(self, visit: Visit) -> str:
        """Return the path that a visit redirects to; empty if there is none, or if another site has it.

        Goes on with another host or with https if only these differ, as ``PREPEND_WWW`` and https redirects do.
        """
        if not visit.location:
            return ""
        parts = urlsplit(urljoin(f"{self._scheme}://{self.host}{visit.path}", visit.location))
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if parts.netloc != self.host or parts.scheme != self._scheme:
            if parts.path != urlsplit(visit.path).path:
                return path if parts.netloc == self.host else ""
            self.host, self.is_secure = parts.netloc, parts.scheme == "https"
        return path

    @property
    def _scheme(self) -> str:
        return "https" if self.is_secure else "http"

    def _request(self, path: str, data: Mapping[str, Any] | None) -> HttpRequest:
        prefix = get_script_prefix().rstrip("/")
        inner = path[len(prefix) :] if prefix and path.startswith(f"{prefix}/") else path
        extra: dict[str, Any] = {"SERVER_NAME": split_domain_port(self.host)[0], "HTTP_HOST": self.host}
        extra |= {"REMOTE_ADDR": ADDRESS, "HTTP_ACCEPT": "text/html", "HTTP_USER_AGENT": "oscar_mpesa"}
        if prefix:
            extra["SCRIPT_NAME"] = prefix
        if data is None:
            request: HttpRequest = self.factory.get(inner, secure=self.is_secure, **extra)
        else:
            request = self.factory.post(inner, dict(data), secure=self.is_secure, **extra)
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return request

    def _take_cookies(self, response: HttpResponseBase) -> None:
        for name, morsel in response.cookies.items():
            if morsel["max-age"] == 0 or not morsel.value:
                self.factory.cookies.pop(name, None)
            else:
                self.factory.cookies[name] = morsel.value


def match_of(path: str) -> ResolverMatch | None:
    """Return the URL pattern of a path, None if the shop has none."""
    try:
        return resolve_reversed(urlsplit(path).path)
    except (Resolver404, ValueError):
        return None


def name_of(path: str) -> str:
    """Return the name of a path's URL pattern if it is of the checkout, else an empty string."""
    match = match_of(path)
    return str(match.url_name or "") if match is not None and "checkout" in match.namespaces else ""


def is_in_checkout(path: str) -> bool:
    """Return whether a path is below the checkout's first page."""
    match = match_of(path)
    is_named = match is not None and "checkout" in match.namespaces
    return is_named or urlsplit(path).path.startswith(reverse("checkout:index"))


def own_host() -> str:
    """Return a host name that ``ALLOWED_HOSTS`` permits: a site's, if possible."""
    allowed = list(settings.ALLOWED_HOSTS)
    named = [host.lstrip(".") for host in allowed if host != "*"]
    sites = list(Site.objects.order_by("pk").values_list("domain", flat=True)[:20])
    first = [site.domain for site in Site.objects.filter(pk=getattr(settings, "SITE_ID", None) or 0)]
    candidates = [*first, *sites, *named]
    fitting = [host for host in candidates if allowed and validate_host(split_domain_port(host)[0], allowed)]
    return next(iter(fitting), "localhost")


@contextmanager
def _errors_of(request: HttpRequest) -> Iterator[list[BaseException]]:
    """Collect the exceptions that Django turns into an error page for this request, and for no other."""
    errors: list[BaseException] = []

    def receive(**signal: Any) -> None:
        error = sys.exc_info()[1]
        if signal.get("request") is request and error is not None:
            errors.append(error)

    got_request_exception.connect(receive, weak=False)
    try:
        yield errors
    finally:
        got_request_exception.disconnect(receive)


@contextmanager
def _thread_as_it_was() -> Iterator[None]:
    """Keep the language, the time zone and the URLconf of the page or command that runs the check."""
    urlconf, language = get_urlconf(), translation.get_language()
    try:
        with timezone.override(timezone.get_current_timezone()):
            yield
    finally:
        set_urlconf(urlconf)
        translation.activate(language) if language else translation.deactivate_all()
