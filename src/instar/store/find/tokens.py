"""The words of a ``find``: what is between spaces and parentheses, quotes resolved, each letter with its place."""

from __future__ import annotations

from dataclasses import dataclass

from instar.store.find.conditions import BadQuery

LONGEST = 10_000  # characters of a query
KEYWORDS = ("and", "or", "not")
QUOTED = "\0"  # stands in a mask for any letter that quotes took the meaning from


@dataclass(frozen=True)
class Token:
    """A word or a parenthesis.

    text : without quotes;  mask : the same with QUOTED for what stood in quotes;  at : the place of each letter
    start, end : places in the query;  sign : one of ``(``, ``)`` and ``-``, or empty for a word
    """

    text: str
    mask: str
    at: tuple[int, ...]
    start: int
    end: int
    sign: str = ""

    def place(self, letter: int) -> int:
        """Where the letter with this index stands in the query; the end for one after the last."""
        return self.at[letter] if letter < len(self.at) else self.end

    @property
    def plain(self) -> bool:
        """Whether nothing of it is quoted."""
        return bool(self.mask) and QUOTED not in self.mask and self.end - self.start == len(self.text)


def tokens(text: str) -> list[Token]:
    """The words of a query. Raises BadQuery for a quote that is not closed and for letters that no name has.

    >>> [token.text for token in tokens('model -(name:"Box office" or tag:f(x))')]
    ['model', '', '', 'name:Box office', 'or', 'tag:f(x)', '']
    """
    _readable(text)
    found, position = list[Token](), 0
    while position < len(text):
        letter = text[position]
        if letter.isspace():
            position += 1
        elif letter in "()" or (letter == "-" and position + 1 < len(text) and not text[position + 1].isspace()):
            found.append(Token("", "", (), position, position + 1, letter))
            position += 1
        else:
            found.append(_word(text, position))
            position = found[-1].end
    return found


def _readable(text: str) -> None:
    if len(text) > LONGEST:
        raise BadQuery(text, LONGEST, f"this is longer than {LONGEST} characters")
    for at, letter in enumerate(text):
        if letter == "\0" or "\ud800" <= letter <= "\udfff":
            raise BadQuery(text, at, f"the character U+{ord(letter):04X} is in nothing that is recorded")


def _ends(letter: str, opened: int, mask: list[str]) -> bool:
    """Whether a word is over before ``letter``: at a space, at a parenthesis that it did not open, after ``not``."""
    return letter.isspace() or (letter == ")" and not opened) or (letter == "(" and "".join(mask).lower() in KEYWORDS)


def _word(text: str, start: int) -> Token:
    """The word that begins here."""
    letters, mask, at = list[str](), list[str](), list[int]()
    position, opened, quote = start, 0, -1
    while position < len(text):
        letter = text[position]
        if quote >= 0:
            if letter == "\\" and text[position + 1 : position + 2] in ('"', "\\"):
                position += 1
                letter = text[position]
            elif letter == '"':
                quote, position = -1, position + 1
                continue
        elif letter == '"':
            quote, position = position, position + 1
            continue
        elif _ends(letter, opened, mask):
            break
        else:
            opened += {"(": 1, ")": -1}.get(letter, 0)
        letters.append(letter)
        mask.append(letter if quote < 0 else QUOTED)
        at.append(position)
        position += 1
    if quote >= 0:
        raise BadQuery(text, quote, "this quote is not closed")
    return Token("".join(letters), "".join(mask), tuple(at), start, position)
