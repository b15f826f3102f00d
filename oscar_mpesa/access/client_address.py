"""Read a client's IP address behind trusted proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from django.http import HttpRequest

from oscar_mpesa.conf import get_settings


def client_address(request: HttpRequest) -> str | None:
    """Return the client's IP address, or None if the server does not know it.

    Counts ``MPESA_TRUSTED_PROXIES`` entries from the right end of ``X-Forwarded-For``, because a client can forge
    everything to the left of them.
    """
    proxies = get_settings().TRUSTED_PROXIES
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    text = hops[-proxies] if 0 < proxies <= len(hops) else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(text.partition("%")[0])  # without an IPv6 zone, which no column can store
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def is_allowed_address(address: str | None) -> bool:
    """Return whether ``MPESA_ALLOWED_IPS`` contains an address or is empty. Use it to warn, never to refuse.

    Safaricom's published lists change, and refusing by an outdated list would lose payments.
    """
    networks = get_settings().ALLOWED_IPS
    return not networks or _is_in(networks, address)


def _is_in(networks: Sequence[str], address: str | None) -> bool:
    return address is not None and any(
        ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks
    )
