"""What stands above a feature: ``@check`` and ``@rejected``. Both return the function unchanged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from featuremart.authoring.refusal import DeclarationError, need_bool, need_text

Function = TypeVar("Function", bound=Callable[..., Any])


def check(
    *,
    between: tuple[Any, Any] | None = None,
    nulls: bool | float = True,
    unique: bool = False,
    isin: Iterable[Any] | None = None,
    matches: str | None = None,
) -> Callable[[Function], Function]:
    r"""Say what a feature's values must obey; the worker enforces it before anything leaves it.

    Parameters
    ----------
    between
        Lowest and highest allowed value, both included; None for an open end. Days and times as ISO texts.
    nulls
        False: none is allowed, and the column is required. A number from 0 to 1: the highest allowed share.
    unique
        True: no value may repeat within a partition.
    isin
        Allowed values.
    matches
        Regular expression that every text must match from beginning to end.

    Returns
    -------
    Callable
        A decorator that returns the function unchanged: a test calls it as it stands.

    Raises
    ------
    DeclarationError
        Where an argument is wrong, or none is given.

    Examples
    --------
    >>> @check(between=(0, 1439), nulls=False)
    ... def departure_minute(sched_dep_time):
    ...     return sched_dep_time // 100 * 60 + sched_dep_time % 100
    """
    if between is None and nulls is True and unique is False and isin is None and matches is None:
        raise DeclarationError(
            "@check demands nothing", instead="write @check(between=(0, 100)), or leave it out"
        )
    if between is not None:
        _check_between(between)
    _check_nulls(nulls)
    need_bool(unique, "unique")
    if isin is not None:
        _check_isin(isin)
    if matches is not None:
        _check_matches(matches)
    return _unchanged


def rejected(finding: str, /) -> Callable[[Function], Function]:
    """Say why a feature was rejected: it stays as code and in the documentation, and is not computed.

    Parameters
    ----------
    finding
        What it showed, and so why it is not used.

    Returns
    -------
    Callable
        A decorator that returns the function unchanged.

    Raises
    ------
    DeclarationError
        Where there is no finding.

    Examples
    --------
    >>> @rejected("0.99 correlated with distance; the model did not gain from both")
    ... def air_time_scheduled(sched_arr_time, sched_dep_time):
    ...     return sched_arr_time - sched_dep_time
    """
    if not isinstance(finding, str) or not finding.strip():
        raise DeclarationError(
            "@rejected needs the finding", argument="finding", instead='write @rejected("what it showed")'
        )
    return _unchanged


def _unchanged(function: Function) -> Function:
    return function


def _check_between(between: Any) -> None:
    wanted = "write between=(lowest, highest), with None for an open end"
    if not isinstance(between, tuple | list) or len(between) != 2:  # noqa: PLR2004
        raise DeclarationError(f"between is a pair, not {between!r}", argument="between", instead=wanted)
    low, high = between
    if low is None and high is None:
        raise DeclarationError("between is open at both ends", argument="between", instead=wanted)
    try:
        # texts stand for days or decimals, whose order only the catalog knows: it has the type
        texts = isinstance(low, str) and isinstance(high, str)
        reversed_ends = not texts and low is not None and high is not None and high < low
    except TypeError:
        raise DeclarationError(
            f"the ends of between are of two kinds: {low!r} and {high!r}", argument="between", instead=wanted
        ) from None
    if reversed_ends:
        raise DeclarationError(
            f"between is reversed: {low!r} is more than {high!r}",
            argument="between",
            instead=f"write between=({high!r}, {low!r})",
        )


def _check_nulls(nulls: Any) -> None:
    if isinstance(nulls, bool):
        return
    if not isinstance(nulls, int | float) or not 0 <= nulls <= 1:
        raise DeclarationError(
            f"nulls is True, False or a share from 0 to 1, not {nulls!r}",
            argument="nulls",
            instead="write nulls=False, or nulls=0.05 for at most 5 %",
        )


def _check_isin(isin: Any) -> None:
    if isinstance(isin, str | bytes) or not isinstance(isin, Iterable) or not tuple(isin):
        raise DeclarationError(
            f"isin is a list of allowed values, not {isin!r}",
            argument="isin",
            instead='write isin=["EWR", "JFK"]',
        )


def _check_matches(matches: Any) -> None:
    need_text(matches, "matches", example="[A-Z]{3}")
    try:
        re.compile(matches)
    except re.error as error:
        raise DeclarationError(
            f"matches is no regular expression: {error}",
            argument="matches",
            instead='write matches="[A-Z]{3}"',
        ) from None
