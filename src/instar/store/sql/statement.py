"""A question in SQL, looked through before any database sees it: one SELECT, over known tables, with known functions.

Stricter than either database: what is not understood here is refused (comments between ``/*`` and ``*/``, strings with a
prefix, dollar quotes, brackets, qualified functions), so that the two cannot read a statement in different ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from instar.base.errors import BadInput, suggestion


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TABLES = _words("node edge link number feature param file label metric metric_last")
FUNCTIONS = _words(
    "abs avg cast ceil ceiling coalesce count date dense_rank exp first_value floor greatest group_concat iif instr "
    "json_array_length json_extract lag last_value lead least length like ln log lower ltrim max min mod ntile nullif "
    "percent_rank power rank round row_number rtrim sign sqrt strftime string_agg strpos substr sum to_char to_timestamp "
    "total trim typeof upper varchar numeric decimal"
)
_BEFORE_PARENTHESIS = _words(
    "all and any as between by case distinct else except exists filter from having in intersect is join like ilike limit "
    "materialized not offset on or over partition select then union using values when where with"
)
_REFUSED = _words(
    "alter analyze attach begin call commit copy create deallocate declare delete detach discard do drop execute explain "
    "fetch grant import insert into listen load lock merge move notify only perform pragma prepare refresh reindex release "
    "reset revoke rollback savepoint set show start table tablesample truncate update vacuum"
)
_ENDS_FROM = _words("where group having order limit offset window union intersect except select")
_JOINS = _words("join inner left right full outer cross natural lateral")
_PIECE = re.compile(
    r"(?P<space>\s+|--[^\r\n]*)|(?P<string>'(?:[^']|'')*')|\"(?P<quoted>[A-Za-z_][\w ]*)\"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<cast>::)|:(?P<parameter>[A-Za-z_]\w*)"
    r"|(?P<sign><=|>=|<>|!=|\|\||->>|->|[-+*/%=<>(),.;])",
    re.ASCII,
)
LONGEST = 20_000


@dataclass(frozen=True)
class _Piece:
    """kind : as in ``_PIECE``;  text : of a name in lower case, unless it was quoted"""

    kind: str
    text: str
    whole: str
    at: int

    @property
    def is_name(self) -> bool:
        return self.kind in ("word", "quoted")

    def says(self, *words: str) -> bool:
        """A quoted name is never a keyword."""
        return self.kind in ("word", "sign") and self.text in words


@dataclass(frozen=True)
class Statement:
    """A statement that was looked through.

    parameters : their names, as often as they stand in it;  queries : the names that it gives after WITH
    """

    pieces: tuple[_Piece, ...]
    parameters: tuple[str, ...]
    queries: frozenset[str] = frozenset()

    def text(self, parameter: Callable[[str], str], percent: str = "%") -> str:
        """For a database that has ``parameter`` (of its name) for a parameter."""
        return "".join(
            parameter(piece.text) if piece.kind == "parameter" else piece.whole.replace("%", percent)
            for piece in self.pieces
        )


def statement(sql: str, given: Mapping[str, object]) -> Statement:
    """Look through a question. Raises BadInput for what is no single SELECT over what may be read.

    >>> statement("SELECT count(*) FROM node WHERE kind = :kind;", {"kind": "run"}).parameters
    ('kind',)
    >>> statement("DROP TABLE node", {})
    Traceback (most recent call last):
    ...
    instar.base.errors.BadInput: SQL: a question begins with SELECT, WITH or VALUES, not with 'DROP'; nothing was changed
    """
    pieces = _pieces(sql)
    said = [piece for piece in pieces if piece.kind != "space"]
    while said and said[-1].says(";"):
        pieces = [piece for piece in pieces if piece is not said[-1]]
        said.pop()
    if not said or not said[0].says("select", "with", "values"):
        raise _bad(f"a question begins with SELECT, WITH or VALUES, not with {said[0].whole if said else ''!r}")
    for piece in said:
        if piece.says(";"):
            raise _bad("one statement at a time: there is something after ';'")
        if piece.kind == "word" and piece.text in _REFUSED:
            raise _bad(f"{piece.whole!r} has no place in a question that can only read")
    queries = _named_queries(said)
    _check_functions(said, queries)
    _check_tables(said, {said[at].text for at in queries})
    names = tuple(piece.text for piece in said if piece.kind == "parameter")
    _check_parameters(names, given)
    return Statement(tuple(pieces), names, frozenset(said[at].text for at in queries))


def _bad(why: str) -> BadInput:
    return BadInput(f"SQL: {why}; nothing was changed")


def _pieces(sql: str) -> list[_Piece]:
    if len(sql) > LONGEST:
        raise _bad(f"a question has at most {LONGEST} characters")
    found, at = list[_Piece](), 0
    while at < len(sql):
        match = _PIECE.match(sql, at)
        if match is None or match.lastgroup is None or "/*" in sql[at : at + 2]:
            raise _bad(f"{sql[at : at + 10]!r} at character {at} cannot be read here")
        kind, text = match.lastgroup, match[match.lastgroup]
        if kind in ("string", "quoted") and found and found[-1].kind in ("word", "quoted", "string", "number"):
            raise _bad(f"a space is missing before {match[0][:10]!r} (strings with a prefix are not read)")
        if kind == "parameter" and found and found[-1].kind == "parameter":
            raise _bad(f"a space is missing before {match[0]!r}")
        found.append(_Piece(kind, text.lower() if kind == "word" else text, match[0], at))
        at = match.end()
    return found


def _closing(said: list[_Piece], opened: int) -> int:
    """Where the parenthesis at ``opened`` is closed."""
    depth = 0
    for at in range(opened, len(said)):
        depth += {"(": 1, ")": -1}.get(said[at].text, 0) if said[at].kind == "sign" else 0
        if depth == 0:
            return at
    raise _bad("a parenthesis is not closed")


def _named_queries(said: list[_Piece]) -> set[int]:
    """Where the names of ``WITH name (columns) AS (SELECT …)`` stand."""
    found = set[int]()
    for at in range(1, len(said) - 2):
        if not (said[at].is_name and said[at - 1].says("with", "recursive", ",")):
            continue
        after = at + 1
        if said[after].says("("):
            end = _closing(said, after)
            if any(not (piece.is_name or piece.says(",")) for piece in said[after + 1 : end]):
                continue
            after = end + 1
        if after >= len(said) or not said[after].says("as"):
            continue
        after += 1
        while after < len(said) and said[after].says("not", "materialized"):
            after += 1
        if after + 1 < len(said) and said[after].says("(") and said[after + 1].says("select", "with", "values"):
            found.add(at)
    return found


def _check_functions(said: list[_Piece], queries: set[int]) -> None:
    for at, piece in enumerate(said[:-1]):
        if not piece.is_name or not said[at + 1].says("(") or at in queries:
            continue
        qualified = at > 0 and said[at - 1].says(".")
        if piece.kind == "word" and piece.text in _BEFORE_PARENTHESIS and not qualified:
            continue
        if piece.text not in FUNCTIONS or qualified:
            raise _bad(
                f"the function {piece.text!r} is not one that a question may call; {suggestion(piece.text, FUNCTIONS)}"
            )


def _check_tables(said: list[_Piece], queries: set[str]) -> None:
    """Every name where a table stands is one that may be read, or that the statement gave a query."""
    known = TABLES | queries
    froms: list[str] = [""]  # for each open parenthesis: "table" comes next, "from" is being listed, or nothing of it
    for at, piece in enumerate(said):
        wanted = froms[-1] == "table"
        if piece.says("("):
            froms.append(
                "table" if wanted and not said[min(at + 1, len(said) - 1)].says("select", "with", "values") else ""
            )
        elif piece.says(")"):
            froms.pop()
            if not froms:
                raise _bad("a parenthesis was not opened")
            froms[-1] = "from" if froms[-1] == "table" else froms[-1]
        elif piece.says("from", "join") or (piece.says(",") and froms[-1] == "from"):
            froms[-1] = "table"
        elif wanted and not piece.says(*_JOINS):
            following = said[at + 1] if at + 1 < len(said) else None
            qualified = following is not None and following.says(".", "(")
            if not piece.is_name or piece.text not in known or qualified:
                raise _bad(f"the table {piece.whole!r} cannot be read; {suggestion(piece.text, known)}")
            froms[-1] = "from"
        elif piece.kind == "word" and piece.text in _ENDS_FROM:
            froms[-1] = ""


def _check_parameters(names: tuple[str, ...], given: Mapping[str, object]) -> None:
    for name in names:
        if name not in given:
            raise _bad(f"the parameter :{name} is not given; {suggestion(name, given)}")
    for name in given:
        if name not in names:
            raise _bad(f"there is no :{name} in the statement; {suggestion(name, names)}")
