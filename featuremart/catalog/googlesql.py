"""The words of a GoogleSQL query: enough to tell whether two queries are the same, and which tables one reads.

A full parser would answer the same two questions, but every ``mart`` step asks them of every source: importing
one costs a quarter of a second, and its next version would change every fingerprint. The real analyser judges
the queries in ``mart check``, and there its list of tables is compared with the one made here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
    ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS CUBE CURRENT
    DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FROM
    FULL GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT
    LOOKUP MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER PARTITION PRECEDING PROTO QUALIFY RANGE
    RECURSIVE RESPECT RIGHT ROLLUP ROWS SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST
    USING WHEN WHERE WINDOW WITH WITHIN
        """,
    )
)
"""Words that BigQuery takes for a name only within backquotes."""

_AFTER_FROM_CLAUSE = frozenset(
    {
        "WHERE",
        "GROUP",
        "HAVING",
        "QUALIFY",
        "WINDOW",
        "ORDER",
        "LIMIT",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "SELECT",
        "|>",
    }
)
_TOKEN = re.compile(
    r"""
      (?P<space>   \s+ )
    | (?P<comment> --[^\n]* | \#[^\n]* | /\*.*?\*/ )
    | (?P<text>    (?:[rR][bB]?|[bB][rR]?)? (?: \"\"\"(?:\\.|[^\\])*?\"\"\" | '''(?:\\.|[^\\])*?'''
                                              | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' ) )
    | (?P<quoted>  `(?:\\.|[^`\\\n])+` )
    | (?P<number>  0[xX][0-9a-fA-F]+ | (?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)? )
    | (?P<word>    [A-Za-z_][A-Za-z0-9_]* )
    | (?P<mark>    @@?[A-Za-z_][A-Za-z0-9_]* | \|\| | \|> | <= | >= | <> | != | << | >> | => | -> | [^'"`/] | /(?!\*) )
    """,
    re.VERBOSE | re.DOTALL,
)
_BEGUN = {"/*": "comment", "`": "quoted name"}


class Token(NamedTuple):
    """One word of a query.

    Parameters
    ----------
    kind
        ``text``, ``quoted``, ``number``, ``word`` or ``mark``.
    text
        As written.
    line
        First line of the query is 1.
    """

    kind: str
    text: str
    line: int


class Unfinished(ValueError):
    """A comment, a string or a quoted name has no end.

    Parameters
    ----------
    what
        Which of them.
    line
        Line of the query that it begins on.
    """

    def __init__(self, what: str, line: int) -> None:
        super().__init__(f"a {what} begins here and does not end")
        self.line = line


def tokens(sql: str) -> tuple[Token, ...]:
    """Take a query apart, leaving out comments and white space.

    Raises
    ------
    Unfinished
        For a comment, string or quoted name without an end.
    """
    return tuple(_scan(sql))


def _scan(sql: str) -> Iterator[Token]:
    position, line = 0, 1
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        if match is None:
            raise Unfinished(
                _BEGUN.get(sql[position : position + 2], _BEGUN.get(sql[position], "string")), line
            )
        kind, text = str(match.lastgroup), match[0]
        if kind not in {"space", "comment"}:
            yield Token(kind, text, line)
        line += text.count("\n")
        position = match.end()


def normalised(words: Sequence[Token]) -> tuple[str, ...]:
    """Return the words of a query as they count for its fingerprint.

    White space, comments and the case of reserved words do not count. The case of other words does: table names
    have one, and that ``date`` and ``DATE`` are one function is not worth knowing every function's name.
    """
    before = ("", *(word.text for word in words))
    return tuple(
        word.text.upper()
        if word.kind == "word" and previous != "." and word.text.upper() in RESERVED
        else word.text
        for previous, word in zip(before, words, strict=False)
    )


def tables_read(words: Sequence[Token]) -> tuple[str, ...]:
    """Return the tables that a query reads, as ``dataset.table``, sorted.

    Names of one part are names of a ``WITH`` clause: a table is written with its dataset.
    """
    found = _Tables(words)
    found.read()
    return tuple(sorted({path for path in found.paths if path.partition(".")[0] not in found.aliases}))


class _Tables:
    """One pass over the words: a name is a table's where a ``FROM`` clause expects one."""

    def __init__(self, words: Sequence[Token]) -> None:
        self.words = words
        self.paths: list[str] = []
        self.aliases: set[str] = set()
        self._own_names: set[str] = set()

    def read(self) -> None:
        """Collect paths and aliases. Each open parenthesis has its own state of "within a FROM clause"."""
        within, expected, at = [False], False, 0
        while at < len(self.words):
            word = self._keyword(at)
            if expected and self._is_name(at):
                at = self._path(at)
                expected = False
                continue
            if word == "(":
                # parentheses where a table is expected hold a join or a query; elsewhere, nothing yet
                within.append(expected)
            elif word == ")":
                within = within[:-1] or [False]
                expected = False
                if within[-1]:
                    self._alias(at + 1)
            elif word == "FROM" and not self._is_operand(at):
                within[-1] = expected = True
            elif word in {"JOIN", "TABLE"} or (word == "," and within[-1]):
                expected = True
            elif word in _AFTER_FROM_CLAUSE:
                within[-1] = expected = False
            else:
                expected = False
            at += 1

    def _keyword(self, at: int) -> str:
        word = self.words[at]
        return word.text.upper() if word.kind == "word" else word.text if word.kind == "mark" else ""

    def _is_name(self, at: int) -> bool:
        if at >= len(self.words):
            return False
        word = self.words[at]
        return word.kind == "quoted" or (word.kind == "word" and word.text.upper() not in RESERVED)

    def _is_operand(self, at: int) -> bool:
        """Tell whether a FROM belongs to ``EXTRACT(part FROM value)`` or ``IS DISTINCT FROM``."""
        if at and self._keyword(at - 1) == "DISTINCT":
            return True
        depth = 0
        for before in range(at - 1, -1, -1):
            word = self._keyword(before)
            depth += (word == ")") - (word == "(")
            if depth < 0:
                return before > 0 and self._keyword(before - 1) == "EXTRACT"
        return False

    def _path(self, at: int) -> int:
        """Read a dotted name and the alias behind it; return where they end."""
        parts = [self.words[at].text]
        at += 1
        # a project's name may hold dashes: my-project.dataset.table
        while at + 1 < len(self.words) and self.words[at].text in {".", "-"}:
            parts += [self.words[at].text, self.words[at + 1].text]
            at += 2
        if at < len(self.words) and self.words[at].text == "(":
            return at  # a function that makes a table
        path = "".join(part.strip("`") for part in parts)
        # `FROM shop.orders, orders.lines` reads an array of the table named before
        if "." in path and path.partition(".")[0] not in self._own_names:
            self.paths.append(path)
        self._own_names.add(path.rpartition(".")[2])
        return self._alias(at)

    def _alias(self, at: int) -> int:
        """Remember the alias that may stand here; return where it ends."""
        if at < len(self.words) and self._keyword(at) == "AS":
            at += 1
        if self._is_name(at):
            self.aliases.add(self.words[at].text.strip("`"))
            return at + 1
        return at
