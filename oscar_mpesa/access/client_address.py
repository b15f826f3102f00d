"""The address of whoever asks, through counted proxies only."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

from oscar_mpesa.conf import get_settings


def client_address(request: HttpRequest) -> str | None:
    """The asker's IP address; None where the server does not know one.

    ``X-Forwarded-For`` is read from its right end, as many places as ``MPESA_TRUSTED_PROXIES`` says: what stands
    left of that anybody can write.
    """
    proxies = get_settings().TRUSTED_PROXIES
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    told = hops[-proxies] if 0 < proxies <= len(hops) else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(told.partition("%")[0])  # the name of a network card fits in no column
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def is_allowed_address(address: str | None) -> bool:
    """An address is one of ``MPESA_ALLOWED_IPS``, or none are listed. A warning's worth, never a refusal.

    Safaricom's published lists change, and a wrong one would lose payments in silence.
    """
    networks = [ipaddress.ip_network(network) for network in get_settings().ALLOWED_IPS]
    return not networks or (address is not None and any(ipaddress.ip_address(address) in net for net in networks))
