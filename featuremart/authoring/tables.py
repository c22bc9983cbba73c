"""What a module under ``features/<model>/`` says about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from featuremart.authoring.durations import parse_duration
from featuremart.authoring.refusal import (
    DeclarationError,
    need_bool,
    need_count,
    need_name,
    need_names,
    need_text,
)
from featuremart.authoring.sizes import need_cpu


@dataclass(frozen=True)
class Window:
    """Days of a source that a table looks back on. Made by :func:`window`."""

    source: str
    days: int


@dataclass(frozen=True)
class Snapshot:
    """A source as it stands when it is extracted. Made by :func:`snapshot`."""

    source: str


@dataclass(frozen=True)
class AsOf:
    """How a second source is looked up in time. Made by :func:`as_of`."""

    on: Sequence[str]
    tolerance: str


def window(source: str, *, days: int) -> Window:
    """Read the last days of a source, at the grain of the table's keys.

    Parameters
    ----------
    source
        Name of a source that has days.
    days
        How many, counting the partition day itself: for day D and 28, rows of ``[D-27, D+1)``.

    Returns
    -------
    Window
        For ``FeatureTable(source=...)``. The table's values for day D are usable from D+1 on.
    """
    return Window(need_name(source, "source", example="flights"), need_count(days, "days", least=1))


def snapshot(source: str) -> Snapshot:
    """Read a source that has no days, as it stands when it is extracted.

    Parameters
    ----------
    source
        Name of a source without event time.

    Returns
    -------
    Snapshot
        For ``FeatureTable(source=...)``.
    """
    return Snapshot(need_name(source, "source", example="planes"))


def as_of(*, on: Sequence[str], tolerance: str) -> AsOf:
    """Look up the latest row of a second source that is not later than the event.

    Parameters
    ----------
    on
        Columns that are equal in both sources.
    tolerance
        The oldest row that is still used, for example ``"3h"``.

    Returns
    -------
    AsOf
        For ``FeatureTable(lookups={"weather": as_of(...)})``; its columns are parameters like ``weather__visib``.
    """
    names = need_names(on, "on", example="origin")
    parse_duration(tolerance, "tolerance")
    return AsOf(names, tolerance)


@dataclass(frozen=True, kw_only=True)
class FeatureTable:
    """One table of the mart: what its rows are, and what they are computed from.

    Stands in the module as ``table = FeatureTable(...)``.

    Parameters
    ----------
    source
        Name of a source (one row of the table for each of its rows), or ``window(...)``, or ``snapshot(...)``.
    keys
        Columns that identify a row.
    event_time
        The source's event time; where ``source`` is a name, and nowhere else.
    lookups
        Further sources, each joined as of the event time: ``{"weather": as_of(...)}``. With an event time only.
    delay
        For a window: how long after the day's end its values are there, for example ``"6h"``.
    min_rows
        A partition with fewer rows fails.
    owner, cpu, memory, spot, deadline
        Where they differ from the model's.

    Raises
    ------
    DeclarationError
        Where an argument is wrong, or does not go with another one.

    Examples
    --------
    >>> table = FeatureTable(source="flights", keys=["flight_id"], event_time="scheduled_departure")
    >>> table = FeatureTable(source=window("flights", days=28), keys=["carrier"])
    >>> table = FeatureTable(source=snapshot("planes"), keys=["tailnum"])
    """

    source: str | Window | Snapshot
    keys: Sequence[str]
    event_time: str | None = None
    lookups: Mapping[str, AsOf] = field(default_factory=dict)
    delay: str | None = None
    min_rows: int = 0
    owner: str | None = None
    cpu: int | None = None
    memory: int | None = None
    spot: bool | None = None
    deadline: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.source, Window | Snapshot):
            need_name(self.source, "source", example="flights")
        object.__setattr__(self, "keys", need_names(self.keys, "keys", example="flight_id"))
        self._check_time()
        self._check_lookups()
        need_count(self.min_rows, "min_rows", least=0)
        self._check_overrides()

    @property
    def source_name(self) -> str:
        """Return the name of the source, however it is read."""
        return self.source if isinstance(self.source, str) else self.source.source

    def _check_time(self) -> None:
        if isinstance(self.source, str):
            if self.event_time is None:
                raise DeclarationError(
                    "a table with one row for each row of its source needs its event time",
                    argument="source",
                    instead=f'write event_time="...", or source=window("{self.source}", days=28),'
                    f' or source=snapshot("{self.source}")',
                )
            need_name(self.event_time, "event_time", example="scheduled_departure")
        elif self.event_time is not None:
            raise DeclarationError(
                f"a {type(self.source).__name__.lower()} table has no event time",
                argument="event_time",
                instead="leave event_time out",
            )
        if self.delay is not None:
            if not isinstance(self.source, Window):
                raise DeclarationError(
                    "delay is for window tables only", argument="delay", instead="leave delay out"
                )
            parse_duration(self.delay, "delay")

    def _check_lookups(self) -> None:
        wanted = 'write lookups={"weather": as_of(on=["origin"], tolerance="3h")}'
        if not isinstance(self.lookups, Mapping):
            raise DeclarationError(
                f"lookups is a dict, not {self.lookups!r}", argument="lookups", instead=wanted
            )
        for name, lookup in self.lookups.items():
            need_name(name, "lookups", example="weather")
            if not isinstance(lookup, AsOf):
                raise DeclarationError(
                    f"the lookup {name} is {lookup!r}, not as_of(...)", argument="lookups", instead=wanted
                )
        if self.lookups and not isinstance(self.source, str):
            raise DeclarationError(
                "a lookup is joined as of the event time, which only a table with one row an event has",
                argument="lookups",
                instead="leave lookups out",
            )

    def _check_overrides(self) -> None:
        if self.owner is not None:
            need_text(self.owner, "owner", example="team@example.com")
        if self.cpu is not None:
            need_cpu(self.cpu)
        if self.memory is not None:
            need_count(self.memory, "memory", least=512)
        if self.spot is not None:
            need_bool(self.spot, "spot")
        if self.deadline is not None:
            parse_duration(self.deadline, "deadline")
