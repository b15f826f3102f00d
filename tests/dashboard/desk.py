"""Somebody of the shop at the desk, and what stands on its pages."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client
from django.urls import reverse

from tests.shop import new_clerk

VIEW = "view_mpesapayment"
TAGS = re.compile(r"<[^>]+>")


def clerk(*permissions: str) -> Client:
    """Staff who may see the desk, and do these things there."""
    client = Client()
    client.force_login(new_clerk(VIEW, *permissions))
    return client


def address(name: str, *args: Any) -> str:
    """Of a page of the desk."""
    return reverse(f"dashboard:mpesa-{name}", args=args)


def words(response: Any) -> str:
    """What a reader sees of the page's own part, its blanks made even."""
    page = response.content.decode().partition('<div class="content">')[2]
    return " ".join(html.unescape(TAGS.sub(" ", page)).split())
