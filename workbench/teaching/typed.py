"""Numbers as people type them: with a decimal comma, with thousands set apart."""

from __future__ import annotations

import math
import re

LONGEST = 40  # letters; no number that anybody types is longer
_APART = " '’\N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}"
# "1,024" is a thousand and twenty-four; the comma in "0,5" or "12,5" is a decimal one.
_COMMAS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_SPACES = re.compile(rf"[+-]?[1-9]\d{{0,2}}([{_APART}]\d{{3}})+([.,]\d*)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def typed_number(text: str) -> float:
    """The number that a person typed, or NaN where it is none.

    A decimal comma is read as a point, and commas, spaces or apostrophes between groups of
    three digits as what they are. Where a comma may be either, as in "1,024", it parts
    thousands.

    Parameters
    ----------
    text : str
        Up to 40 letters, without a unit.

    Returns
    -------
    float
        Finite, or NaN: infinities, fractions such as "½" and words are no numbers here.

    Examples
    --------
    >>> [typed_number(text) for text in ("0,5", "1,000", "1 000,5", "1e3", "abc")]
    [0.5, 1000.0, 1000.5, 1000.0, nan]
    """
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    if len(plain) > LONGEST:
        return math.nan
    if _COMMAS.fullmatch(plain):
        plain = plain.replace(",", "")
    elif _SPACES.fullmatch(plain):
        plain = re.sub(rf"[{_APART}]", "", plain)
    plain = plain.replace(",", ".")
    value = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    return value if math.isfinite(value) else math.nan
