"""Which callback addresses Safaricom is known to refuse, and which it cannot come to.

Source: the portal's rules for C2B addresses; whether they hold for STK push is not published.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

#: Words that Safaricom's address filter refuses in some products, in any case and anywhere, the host included.
FORBIDDEN_WORDS = ("mpesa", "m-pesa", "safaricom", "exec", "exe", "cmd", "sql", "query")

#: Hosts of tunnels to a developer's machine, which production refuses.
TUNNELS = ("ngrok.io", "ngrok.app", "ngrok-free.app", "ngrok.dev", "loca.lt", "serveo.net", "trycloudflare.com")

_AT_HOME = (".localhost", ".local", ".lan", ".internal", ".home", ".test")


def forbidden_words(address: str) -> list[str]:
    """Those words that an address holds."""
    return [word for word in FORBIDDEN_WORDS if word in address.lower()]


def host_of(address: str) -> str:
    """The host in an address, in small letters; empty for what is no address."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_at_home(host: str) -> bool:
    """Only this machine or its own network knows the host: Safaricom cannot come to it."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_AT_HOME)


def is_tunnel(host: str) -> bool:
    """The host leads to a developer's machine."""
    return any(host == tunnel or host.endswith(f".{tunnel}") for tunnel in TUNNELS)
