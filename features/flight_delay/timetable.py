"""What the timetable alone tells about a flight, known when the ticket is sold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.tseries.holiday import USFederalHolidayCalendar

from featuremart import FeatureTable, check, rejected

table = FeatureTable(source="flights", keys=["flight_id"], event_time="scheduled_departure")

# Median minutes from gate to gate are close to a line over the miles between: taxiing, then the cruise.
_GROUND_MINUTES = 49.0
_MILES_A_MINUTE = 7.9


def _minute_of_day(clock: pd.Series) -> pd.Series:
    """Turn a clock time as HHMM into minutes after midnight."""
    return clock // 100 * 60 + clock % 100


@check(between=(0, 1439), nulls=False)
def departure_minute(sched_dep_time: pd.Series) -> pd.Series[int]:
    """Scheduled departure, in minutes after local midnight.

    Why:
        Delays pile up over the day: one late aircraft delays its next legs.
    Tendency:
        to be measured
    """
    return _minute_of_day(sched_dep_time)


@check(between=(0, 1439), nulls=False)
def arrival_minute(sched_arr_time: pd.Series) -> pd.Series[int]:
    """Scheduled arrival, in minutes after midnight at the destination.

    Why:
        to be written
    Tendency:
        to be measured
    """
    return _minute_of_day(sched_arr_time)


@check(between=(0, 6), nulls=False)
def weekday(scheduled_departure: pd.Series) -> pd.Series[int]:
    """Day of the week in New York, Monday is 0.

    Why:
        Business travel fills Mondays, Thursdays and Fridays; a full airport recovers more slowly.
    Tendency:
        to be measured
    """
    return scheduled_departure.dt.tz_convert("America/New_York").dt.day_of_week.astype("int64")


@check(between=(30, 1439), nulls=False)
def scheduled_minutes(scheduled_departure: pd.Series, scheduled_arrival: pd.Series) -> pd.Series[int]:
    """Minutes from gate to gate by the timetable.

    Why:
        to be written
    Tendency:
        to be measured
    """
    return (scheduled_arrival - scheduled_departure) // pd.Timedelta(minutes=1)


@check(nulls=False)
def padding_minutes(scheduled_minutes: pd.Series, distance: pd.Series) -> pd.Series[float]:
    """Minutes that the timetable grants beyond what the distance usually takes from gate to gate.

    Why:
        Airlines pad the timetable where they know of congestion; a padded flight makes good a late start.
    Tendency:
        to be measured
    """
    return scheduled_minutes - (_GROUND_MINUTES + distance / _MILES_A_MINUTE)


@check(between=(1, 200), nulls=False)
def departures_same_hour(departures_in_hour: pd.Series) -> pd.Series[int]:
    """Flights that the timetable has leave the same airport in the same clock hour, this one included.

    Why:
        Runways have a capacity; near it every disturbance becomes a queue.
    Tendency:
        to be measured
    """
    return departures_in_hour


@check(between=(-200, 200), nulls=False)
def days_to_holiday(scheduled_departure: pd.Series) -> pd.Series[int]:
    """Days to the nearest federal holiday; negative after it.

    Why:
        Travel peaks before and after holidays, not on them.
    Tendency:
        to be measured
    """
    day = scheduled_departure.dt.tz_convert("America/New_York").dt.tz_localize(None).dt.normalize()
    day = day.to_numpy().astype("datetime64[D]")
    if not len(day):
        return pd.Series(0, index=scheduled_departure.index, dtype="int64")
    holidays = USFederalHolidayCalendar().holidays(
        day.min() - np.timedelta64(200, "D"), day.max() + np.timedelta64(200, "D")
    )
    holidays = holidays.to_numpy().astype("datetime64[D]")
    after = np.searchsorted(holidays, day)
    ahead = (holidays[after] - day).astype("int64")
    behind = (day - holidays[after - 1]).astype("int64")
    return pd.Series(np.where(ahead <= behind, ahead, -behind), index=scheduled_departure.index)


@check(matches="[A-Z]{3}", nulls=False)
def origin_airport(origin: pd.Series) -> pd.Series[str]:
    """Airport that the flight leaves: EWR, JFK or LGA.

    Why:
        The three share one sky but neither runways nor terminals.
    Tendency:
        to be measured
    """
    return origin


@rejected("to be measured")
def air_time_scheduled(scheduled_minutes: pd.Series) -> pd.Series[float]:
    """Minutes in the air that the timetable allows for: those from gate to gate but for taxiing.

    Why:
        A long flight has time to catch up.
    Tendency:
        to be measured
    """
    return scheduled_minutes - _GROUND_MINUTES
