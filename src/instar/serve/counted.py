"""Which predictions have had their feedback counted: a bit each."""

from __future__ import annotations


class Counted:
    """A set of (segment, number), small enough for many millions.

    >>> counted = Counted()
    >>> counted.add("s", 70), counted.add("s", 70), ("s", 70) in counted, ("s", 71) in counted
    (True, False, True, False)
    """

    def __init__(self) -> None:
        self._bits: dict[str, bytearray] = {}

    def add(self, segment: str, number: int) -> bool:
        """Enter; False when it is in already."""
        bits = self._bits.setdefault(segment, bytearray())
        if len(bits) <= number >> 3:
            bits.extend(bytes((number >> 3) - len(bits) + 1))
        mask = 1 << (number & 7)
        if bits[number >> 3] & mask:
            return False
        bits[number >> 3] |= mask
        return True

    def discard(self, segment: str, number: int) -> None:
        """Take out what ``add`` entered."""
        self._bits[segment][number >> 3] &= ~(1 << (number & 7))

    def __contains__(self, item: tuple[str, int]) -> bool:
        segment, number = item
        bits = self._bits.get(segment, b"")
        return len(bits) > number >> 3 and bool(bits[number >> 3] & 1 << (number & 7))
