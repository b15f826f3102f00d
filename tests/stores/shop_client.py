"""A client that reaches a shop below a path, as through the server in front of it."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import get_script_prefix


class ShopClient(Client):
    """Pass the shop what stands after its prefix. The server in front answers all other paths itself."""

    def generic(self, method: str, path: Any, *args: Any, **kwargs: Any) -> Any:
        prefix, local = get_script_prefix().rstrip("/"), str(path).replace("http://testserver", "")
        assert local.startswith(f"{prefix}/"), f"{path} is not below {prefix}"
        return super().generic(method, local.removeprefix(prefix), *args, **kwargs)
