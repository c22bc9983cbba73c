"""The tables of ``flight_delay`` as a person computes them who has the functions but no engine."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from featuremart.catalog.model import TableSpec

_DAY = pd.Timedelta(1, "D")


class ByHand:
    """A loop over days.

    Parameters
    ----------
    table
        Which table: it names the columns of the Parquet file, so that both sides write the same.
    functions
        Feature name -> function.
    raw, out
        Folders.
    """

    def __init__(
        self, table: TableSpec, functions: Mapping[str, Callable[..., Any]], raw: Path, out: Path
    ) -> None:
        # imported before the clock starts
        import pyarrow.feather
        import pyarrow.parquet  # noqa: F401

        from featuremart.batch.dtypes import arrow_schema
        from featuremart.catalog.graph import feature_order

        self._raw, self._out = raw, out
        self._schema = arrow_schema(table.output_columns)
        self._order = [(feature, functions[feature.name]) for feature in feature_order(table.computed)]
        self._keys = list(table.keys)
        self._recent: deque[pd.DataFrame] = deque(maxlen=table.window_days)
        taken = {p.name: p for feature, _ in self._order for p in feature.parameters}
        own = (p.column for p in taken.values() if p.kind == "column")
        looked_up = [p.column for p in taken.values() if p.kind == "lookup"]
        columns = list(dict.fromkeys(["flight_id", "scheduled_departure", "origin", *own]))
        self._columns = None if table.window_days else columns
        self._weather = list(dict.fromkeys(["reported_at", "origin", *looked_up])) if looked_up else []

    def run(self, days: Iterable[dt.date]) -> float:
        """Compute some days; return the seconds spent between reading and writing."""
        spent = 0.0
        for day in days:
            flights = self._read("flights", day, self._columns)
            weather = self._read_weather(day)
            began = time.perf_counter()
            frame = self._rows(flights, weather) if self._columns else self._window(flights, day)
            spent += time.perf_counter() - began
            frame.insert(0, "partition_day", day)
            path = self._out / f"{day}.parquet"
            frame[self._schema.names].to_parquet(path, compression="zstd", index=False, schema=self._schema)
        return spent

    def _read(self, source: str, day: dt.date, columns: list[str] | None = None) -> pd.DataFrame:
        return pd.read_feather(self._raw / source / f"{day}.arrow", columns=columns)

    def _read_weather(self, day: dt.date) -> pd.DataFrame | None:
        if not self._weather:
            return None
        days = [day - _DAY, day] if day.timetuple().tm_yday > 1 else [day]
        return pd.concat([self._read("weather", each, self._weather) for each in days])

    def _rows(self, flights: pd.DataFrame, weather: pd.DataFrame | None) -> pd.DataFrame:
        flights = flights.sort_values(["scheduled_departure", "flight_id"], ignore_index=True)
        if weather is not None:
            flights = pd.merge_asof(
                flights,
                weather.sort_values("reported_at").add_prefix("weather__"),
                left_on="scheduled_departure",
                right_on="weather__reported_at",
                left_by="origin",
                right_by="weather__origin",
                tolerance=pd.Timedelta(3, "h"),
            )
        results: dict[str, Any] = {}
        for feature, function in self._order:
            names = (p.name for p in feature.parameters)
            results[feature.name] = function(
                *(results[name] if name in results else flights[name] for name in names)
            )
        departure = flights["scheduled_departure"]
        return flights[["flight_id", "scheduled_departure"]].assign(available_at=departure, **results)

    def _window(self, today: pd.DataFrame, day: dt.date) -> pd.DataFrame:
        self._recent.append(today.sort_values(["scheduled_departure", *self._keys, "flight_id"]))
        end = (pd.Timestamp(day) + _DAY).tz_localize("America/New_York").tz_convert("UTC")
        flights = pd.concat(self._recent, ignore_index=True)
        departed, landed, settled = (
            flights[name] < end for name in ("departed_at", "landed_at", "settled_at")
        )
        late = {
            **dict.fromkeys(["departed_at", "tailnum", "dep_delay"], departed),
            **dict.fromkeys(["landed_at", "arr_delay", "air_time"], landed),
            **dict.fromkeys(["settled_at", "cancelled"], settled),
        }
        flights = flights.assign(**{name: flights[name].where(known) for name, known in late.items()})
        results: dict[str, Any] = {}
        for feature, function in self._order:
            names = (p.name for p in feature.parameters)
            results[feature.name] = function(*(results.get(name, flights) for name in names))
        rows = flights[self._keys].drop_duplicates().sort_values(self._keys)
        return rows.join(pd.DataFrame(results), on=self._keys).assign(available_at=end)
