"""Numbers as one plain sentence: what a screen reader or a caption says."""

from __future__ import annotations

import math
from typing import Any

from workbench.anonymity._checks import number, whole
from workbench.errors import AnonymityError


def describe(bits_packets: float, bits_senders: float | None, clients: int) -> str:
    """Say an anonymity in words, about packets and about people.

    Parameters
    ----------
    bits_packets : float
        Entropy over packets in bits, 0 or more; NaN when nothing has been measured yet.
    bits_senders : float or None
        Entropy over senders in bits, at most log2(clients); None leaves the people out.
    clients : int
        How many clients there are, 1 or more. People are never said to be more than that.

    Returns
    -------
    str
        Without a full stop.

    Notes
    -----
    "About 290" is an effective number, 2**bits to two figures: as much doubt as 290 equally
    likely packets would leave. The observer may still hold some of them likelier than others.

    Examples
    --------
    >>> describe(8.2, 6.58, 200)
    '8.2 bits: it could be any of about 290 packets, sent by about 96 of 200 users'
    >>> describe(0.0, 0.0, 200)
    '0 bits: it can only be this one packet, sent by 1 of 200 users'
    """
    people = whole("clients", clients, 1)
    if _unknown(bits_packets) or (bits_senders is not None and _unknown(bits_senders)):
        return "not known yet: no packet has been followed to its end"
    packets = number("bits_packets", bits_packets, 0.0, 1000.0)
    sentence = f"{_bits(packets)}: {_packets(packets)}"
    if bits_senders is None:
        return sentence
    senders = number("bits_senders", bits_senders, 0.0)
    if senders > math.log2(people) + 1e-6:
        raise AnonymityError(
            f"bits_senders must be at most log2({people}) = {math.log2(people):.4g}, got "
            f"{senders:.4g}; is it over packets?"
        )
    # Two estimates may cross by their noise; there are never more suspects than packets.
    return f"{sentence}, {_people(min(senders, packets), people)}"


def suspects(bits_senders: float, clients: int) -> float:
    """Effective number of people who may have sent it: 2**bits, from 1 to ``clients``.

    It does not say that so many are equally suspect.

    Examples
    --------
    >>> suspects(3.0, 200)
    8.0
    """
    people = whole("clients", clients, 1)
    bits = number("bits_senders", bits_senders, 0.0)
    if bits > math.log2(people) + 1e-6:
        raise AnonymityError(
            f"bits_senders must be at most log2({people}) = {math.log2(people):.4g}, got {bits:.4g}"
        )
    return float(min(2.0**bits, float(people)))


def round_to_figures(value: float, figures: int = 2) -> str:
    """Write a number above 0 to so many significant figures, with thousands separated.

    Examples
    --------
    >>> round_to_figures(294.1), round_to_figures(12345.0), round_to_figures(2.44)
    ('290', '12,000', '2.4')
    """
    number("value", value, 0.0)
    places = whole("figures", figures, 1, 15)
    if value == 0:
        return "0"
    decimals = places - 1 - math.floor(math.log10(value))
    rounded = round(value, decimals)
    return f"{rounded:,.{max(decimals, 0)}f}" if rounded < 10 ** (places - 1) else f"{rounded:,.0f}"


def _unknown(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _bits(bits: float) -> str:
    said = f"{bits:.1f}" if bits >= 0.05 or bits < 0.005 else f"{bits:.2f}"
    said = said.removesuffix(".0")
    return f"{said} bit" if said == "1" else f"{said} bits"


def _packets(bits: float) -> str:
    size = 2.0**bits
    if size < 1.005:
        return "it can only be this one packet"
    if size < 1.95:
        return "it is one packet, with some doubt"
    return f"it could be any of about {_count(size)} packets"


def _people(bits: float, clients: int) -> str:
    if clients == 1:
        return "sent by the only user there is"
    size = min(2.0**bits, float(clients))
    if size < 1.005:
        return f"sent by 1 of {clients:,} users"
    if size < 1.5:
        return f"most likely sent by one of {clients:,} users"
    if size >= 0.995 * clients:
        return f"sent by any of all {clients:,} users" if clients > 2 else "sent by either user"
    return f"sent by about {_count(size)} of {clients:,} users"


def _count(size: float) -> str:
    """About how many: whole numbers below 100, two figures above."""
    if size < 99.5:
        return f"{size:.0f}"
    return round_to_figures(size, 2)
