"""Texts with ``${...}``: where an expression begins and ends, and the function that they make together."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

# `${secret:key}` and the like are not JavaScript: the operator that is given them reads them itself
_OPENING = re.compile(r"\$\{(?![a-z]+:)(?=[\s\S])")
_STRINGS_AND_COMMENTS = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|//[^\n]*|/\*[\s\S]*?\*/""",
)
_LATER_SYNTAX = re.compile(r"=>|`|\.\.\.|\b(?:let|class)\b")


@dataclass(frozen=True)
class Part:
    """A piece of a text.

    Parameters
    ----------
    text
        The piece; of an expression what stands between its braces.
    is_code
        Whether it is an expression.
    """

    text: str
    is_code: bool


def split_text(text: str) -> tuple[Part, ...]:
    """Split a text at its expressions.

    An expression ends at the brace that closes its first one, whatever quotes stand between. One that is never
    closed is text. ``$$`` in text becomes ``$``.
    """
    parts: list[Part] = []
    position = 0
    while position < len(text):
        opening = _OPENING.search(text, position)
        start = opening.start() if opening else len(text)
        end = _closing(text, start + 2) if opening else None
        if end is None:
            start = len(text)
        if start > position:
            parts.append(Part(text[position:start].replace("$$", "$"), is_code=False))
        if end is None:
            break
        if end > start + 2:
            parts.append(Part(text[start + 2 : end], is_code=True))
        position = end + 1
    return tuple(parts)


def _closing(text: str, start: int) -> int | None:
    depth = 0
    for index in range(start, len(text)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            if depth == 0:
                return index
            depth -= 1
    return None


def later_syntax(code: str) -> str:
    """Name the first thing in an expression that ECMAScript 5 does not know, as far as can be seen; or ``""``."""
    found = _LATER_SYNTAX.search(_STRINGS_AND_COMMENTS.sub("''", code))
    return found.group() if found else ""


def function_body(parts: tuple[Part, ...]) -> str:
    """Write the JavaScript function that makes the text; the variables are its ``this``."""
    pieces = [
        # each expression on a line of its own: that is how Digdag has it, and what a `//` in it then leaves out
        f"\n((__t=({part.text}))==null?'':(typeof __t==\"string\"?__t:JSON.stringify(__t)))\n"
        if part.is_code
        else _quoted(part.text)
        for part in parts
    ]
    print_function = "print=function(){__p+=Array.prototype.join.call(arguments,'');}"
    return f"with(this){{var __t,__p='',{print_function};\n__p+=''+{'+'.join(pieces) or repr('')};\nreturn __p;}}"


def _quoted(text: str) -> str:
    return json.dumps(text)
