"""Texts such as ``12.0 oz``: a number, and the unit as it is written."""

from __future__ import annotations

import math
import re
from functools import cache

_NUMBER = r"[+-]?(?:(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+)(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
# Words of letters and signs, with small powers, and * / · between: all that a unit in a table needs. Anything more is not
# given to the reader of units, since a text from outside could make it compute for hours (m**9**9**9).
_WORD = r"(?:[^\W\d_]|[%°µ'\"$€£])(?:[^\W\d]|[%°µ'\"$€£.])*(?:(?:\^|\*\*)-?\d)?"
_UNIT = rf"{_WORD}(?:(?:\s*[*/·]\s*|\s+){_WORD})*"
_LONGEST = 200


def split_quantity(text: str, decimal: str = ".") -> tuple[float, str] | None:
    """The number and its unit ("" for none); None for what is no quantity.

    decimal : the mark before the fraction, "." or ","; the other of the two may set thousands apart

    >>> split_quantity("12.0 oz"), split_quantity("1,234.5"), split_quantity("0.09%"), split_quantity("N/A")
    ((12.0, 'oz'), (1234.5, ''), (0.09, '%'), None)
    >>> split_quantity("1.234,5 kg", decimal=",")
    (1234.5, 'kg')
    """
    if len(text) > _LONGEST or (found := _pattern(decimal).fullmatch(text.strip())) is None:
        return None
    number, unit = found.groups()
    group = "," if decimal == "." else "."
    value = float(number.replace(group, "").replace(decimal, "."))
    return (value, unit or "") if math.isfinite(value) else None


@cache
def _pattern(decimal: str) -> re.Pattern[str]:
    number = _NUMBER.format(mark=re.escape(decimal), group=re.escape("," if decimal == "." else "."))
    return re.compile(rf"({number})\s*({_UNIT})?")
