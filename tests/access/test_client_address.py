"""Client addresses come from trusted proxies only."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from oscar_mpesa.access.client_address import client_address, is_allowed_address
from oscar_mpesa.services.expected_callbacks import is_from_elsewhere
from tests.wiring.checked import PRODUCTION, SANDBOX

SAFARICOM, PROXY, FORGED = "196.201.214.200", "10.0.0.1", "1.2.3.4"


def address_of(settings: Any, *, proxies: int, forwarded: str | None = None, remote: str = PROXY) -> str | None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "TRUSTED_PROXIES": proxies}
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(RequestFactory(REMOTE_ADDR=remote).get("/", headers=headers))


@pytest.mark.parametrize("forwarded", [None, "", FORGED, f"{FORGED}, {SAFARICOM}"])
def test_without_proxies_only_the_connection_counts(settings: Any, forwarded: str | None) -> None:
    assert address_of(settings, proxies=0, forwarded=forwarded, remote=SAFARICOM) == SAFARICOM


@pytest.mark.parametrize(
    ("proxies", "forwarded"),
    [
        pytest.param(1, SAFARICOM, id="one proxy"),
        pytest.param(1, f"{FORGED}, {SAFARICOM}", id="one proxy and a forged hop"),
        pytest.param(1, f"{FORGED},{FORGED} ,  {SAFARICOM} ", id="one proxy, two forged hops, any spaces"),
        pytest.param(2, f"{SAFARICOM}, 10.0.0.2", id="two proxies"),
        pytest.param(2, f"{FORGED}, {SAFARICOM}, 10.0.0.2", id="two proxies and a forged hop"),
        pytest.param(2, f", ,{SAFARICOM},, 10.0.0.2,", id="empty hops"),
    ],
)
def test_proxies_are_counted_from_the_right(settings: Any, proxies: int, forwarded: str) -> None:
    assert address_of(settings, proxies=proxies, forwarded=forwarded) == SAFARICOM


@pytest.mark.parametrize("forwarded", [None, "", ",", FORGED], ids=["none", "empty", "a comma", "too few hops"])
def test_request_that_bypasses_the_proxies_counts_by_its_connection(settings: Any, forwarded: str | None) -> None:
    assert address_of(settings, proxies=2, forwarded=forwarded) == PROXY


@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param("2001:DB8::0001", "2001:db8::1", id="IPv6"),
        pytest.param("::ffff:196.201.214.200", SAFARICOM, id="IPv4 inside IPv6"),
        pytest.param("fe80::1%eth0", "fe80::1", id="IPv6 with the name of a network card"),
        pytest.param(f"fe80::1%{'x' * 200}", "fe80::1", id="IPv6 with a very long name"),
    ],
)
def test_addresses_are_normalized(settings: Any, text: str, address: str) -> None:
    written = {address_of(settings, proxies=1, forwarded=text), address_of(settings, proxies=0, remote=text)}

    assert written == {address}


@pytest.mark.parametrize(
    "text",
    ["unknown", "unix:", "196.201.214.200:51234", "256.1.1.1", "196.201.214", "<script>", "1" * 5000],
    ids=["unknown", "a socket", "with a port", "no byte", "three parts", "markup", "too long"],
)
def test_invalid_address_is_none(settings: Any, text: str) -> None:
    assert address_of(settings, proxies=1, forwarded=text) is None
    assert address_of(settings, proxies=0, remote=text) is None


def test_server_behind_a_socket_has_no_address(settings: Any) -> None:
    assert address_of(settings, proxies=0, remote="") is None


@pytest.mark.parametrize(
    ("listed", "address", "expected"),
    [
        pytest.param([], FORGED, True, id="no list"),
        pytest.param([], None, True, id="no list and no address"),
        pytest.param([SAFARICOM, PROXY], SAFARICOM, True, id="listed"),
        pytest.param(["196.201.214.0/24"], SAFARICOM, True, id="in a network"),
        pytest.param([SAFARICOM], FORGED, False, id="not listed"),
        pytest.param([SAFARICOM], None, False, id="unknown"),
        pytest.param([SAFARICOM], "2001:db8::1", False, id="of another family"),
    ],
)
def test_only_addresses_outside_the_list_are_not_allowed(
    settings: Any, listed: list[str], address: str | None, expected: bool
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ALLOWED_IPS": listed}

    assert is_allowed_address(address) is expected


@pytest.mark.parametrize(
    ("changes", "address", "expected"),
    [
        pytest.param({}, FORGED, False, id="only warned by default"),
        pytest.param({"CALLBACK_IP_POLICY": "confirm"}, FORGED, True, id="not published"),
        pytest.param({"CALLBACK_IP_POLICY": "confirm"}, SAFARICOM, False, id="published"),
        pytest.param({"CALLBACK_IP_POLICY": "confirm"}, "196.201.212.69", False, id="the other end of the list"),
        pytest.param({"CALLBACK_IP_POLICY": "confirm"}, "196.201.214.201", True, id="a neighbor"),
        pytest.param({"CALLBACK_IP_POLICY": "confirm"}, None, True, id="unknown"),
        pytest.param({"CALLBACK_IP_POLICY": "confirm"}, "2001:db8::1", True, id="of another family"),
        pytest.param({"CALLBACK_IP_POLICY": "confirm", "ALLOWED_IPS": [PROXY]}, PROXY, False, id="listed"),
        pytest.param({"CALLBACK_IP_POLICY": "confirm", "ALLOWED_IPS": [PROXY]}, SAFARICOM, True, id="not listed"),
    ],
)
def test_policy_confirm_lets_only_known_addresses_be_believed(
    settings: Any, changes: dict[str, Any], address: str | None, expected: bool
) -> None:
    settings.OSCAR_MPESA = {**PRODUCTION, **changes}
    in_production = is_from_elsewhere(address)
    settings.OSCAR_MPESA = {**SANDBOX, **changes}

    assert (in_production, is_from_elsewhere(address)) == (expected, expected)


def test_shop_without_safaricom_confirms_no_address(settings: Any) -> None:
    settings.OSCAR_MPESA = {**SANDBOX, "CALLBACK_IP_POLICY": "confirm"}
    with_credentials = is_from_elsewhere(FORGED)
    settings.OSCAR_MPESA = {"TEST_MODE": True, "CALLBACK_IP_POLICY": "confirm"}

    assert (with_credentials, is_from_elsewhere(FORGED)) == (True, False)
