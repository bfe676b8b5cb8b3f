"""An internet address in the 32 bytes of a node's address, as Nym writes it."""

from __future__ import annotations

import ipaddress

from workbench.errors import AddressError
from workbench.sphinx.checks import Bytes, sized_bytes
from workbench.sphinx.geometry import ADDRESS_BYTES

_IPV4 = 4
_IPV6 = 6
_HOST_START = 3  # behind the kind and the port
_HOST_BYTES = {_IPV4: 4, _IPV6: 16}


def encode_address(host: str, port: int) -> bytes:
    """An IP address and a port in 32 bytes.

    Parameters
    ----------
    host : str
        An IPv4 or IPv6 address in writing; no name, no zone.
    port : int
        0 to 65535.

    Returns
    -------
    bytes
        ``04 || port || 4 bytes`` or ``06 || port || 16 bytes``, then zeros.

    Examples
    --------
    >>> encode_address("1.2.3.4", 1789)[:8].hex()
    '0406fd0102030400'
    >>> decode_address(encode_address("2001:db8::1", 1789))
    ('2001:db8::1', 1789)
    """
    if not isinstance(host, str):
        raise AddressError(f"the host must be an IP address in writing, got {type(host).__name__}")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise AddressError(f"{host!r} is no IP address; expected one such as 192.0.2.1") from None
    if getattr(address, "scope_id", None):
        raise AddressError(f"{host!r} has a zone; expected an address without one")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 0xFFFF:
        raise AddressError(f"the port is {port!r}; expected 0 to 65535")
    written = bytes((address.version,)) + port.to_bytes(2, "big") + address.packed
    return written.ljust(ADDRESS_BYTES, b"\0")


def decode_address(address: Bytes) -> tuple[str, int]:
    """Host and port of a node's address; what follows them is not looked at, as in Nym."""
    data = sized_bytes(address, "node address", ADDRESS_BYTES, AddressError)
    size = _HOST_BYTES.get(data[0])
    if size is None:
        raise AddressError(f"the address begins with {data[0]}; expected 4 (IPv4) or 6 (IPv6)")
    host = ipaddress.ip_address(data[_HOST_START : _HOST_START + size])
    return str(host), int.from_bytes(data[1:_HOST_START], "big")
