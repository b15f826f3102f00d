"""Recognize callback URLs that Safaricom refuses or cannot reach.

Source: the portal's rules for C2B URLs. Safaricom does not publish whether they also apply to STK push.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

#: Words that some Safaricom products refuse anywhere in a URL, in any case, the host included.
FORBIDDEN_WORDS = ("mpesa", "m-pesa", "safaricom", "exec", "exe", "cmd", "sql", "query")

#: Hosts of tunnels to a developer's machine. Safaricom's production refuses them.
TUNNELS = ("ngrok.io", "ngrok.app", "ngrok-free.app", "ngrok.dev", "loca.lt", "serveo.net", "trycloudflare.com")

_PRIVATE_SUFFIXES = (".localhost", ".local", ".lan", ".internal", ".home", ".test")


def forbidden_words(address: str) -> list[str]:
    """Return the forbidden words in a URL."""
    return [word for word in FORBIDDEN_WORDS if word in address.lower()]


def host_of(address: str) -> str:
    """Return the host of a URL, in lower case; empty if it is not a URL."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_private_host(host: str) -> bool:
    """Return whether only this machine or its network can reach the host. Safaricom cannot."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_SUFFIXES)


def is_tunnel(host: str) -> bool:
    """Return whether the host is a tunnel to a developer's machine."""
    return any(host == tunnel or host.endswith(f".{tunnel}") for tunnel in TUNNELS)
