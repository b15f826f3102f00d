"""List the addresses that Safaricom posts from, and recognize callback URLs that it refuses or cannot reach.

Source: the portal. Its rules for URLs are those for C2B, and it does not say whether they also apply to STK push.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

#: The addresses that Safaricom publishes as the sources of its callbacks. The list changes without notice.
PUBLISHED_ADDRESSES = (
    "196.201.212.69",
    "196.201.212.74",
    "196.201.212.127",
    "196.201.212.129",
    "196.201.212.136",
    "196.201.212.138",
    "196.201.213.44",
    "196.201.213.114",
    "196.201.214.200",
    "196.201.214.206",
    "196.201.214.207",
    "196.201.214.208",
)

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
