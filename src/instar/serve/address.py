"""Addresses of servers: who can reach them."""

from __future__ import annotations

import ipaddress

from instar.base.errors import InstarError


class NeedsTokens(InstarError):
    """An address that others can reach, and nothing that keeps them out."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(
            f"{host} can be reached by others, {why}; stay on 127.0.0.1, or make a token: `instar token new`"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name: who knows where it leads
        return False
