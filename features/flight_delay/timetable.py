"""What the timetable alone tells about a flight, known when the ticket is sold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.tseries.holiday import USFederalHolidayCalendar

from featuremart import FeatureTable, check, rejected

table = FeatureTable(source="flights", keys=["flight_id"], event_time="scheduled_departure")

# From gate to gate a flight usually takes 49 minutes of taxiing and climbing, and a minute for each 7.9 miles:
# the straight line through all arrivals of 2013.
_GROUND_MINUTES = 49.0
_MILES_A_MINUTE = 7.9


@check(between=(0, 1439), nulls=False)
def departure_minute(sched_dep_time: pd.Series) -> pd.Series[int]:
    """Scheduled departure, in minutes after local midnight.

    Why:
        Delays pile up over the day: one late aircraft delays its next legs.
    Tendency:
        Mean arrival delay -3.5 min before 07:00, 3.5 min from 12:00 to 13:00, 18.4 min from 21:00
        to 22:00; correlation 0.17, n = 327,346.
    """
    return _minute_of_day(sched_dep_time)


@check(between=(0, 1439), nulls=False)
def arrival_minute(sched_arr_time: pd.Series) -> pd.Series[int]:
    """Scheduled arrival, in minutes after midnight at the destination.

    Why:
        Tells the evening flight that lands into a full airport from the red-eye that lands into an empty one.
    Tendency:
        Mean arrival delay -2.5 min for arrivals from 06:00 to 12:00, 15.0 min from 20:00 on.
        Correlation with departure_minute 0.78.
    """
    return _minute_of_day(sched_arr_time)


@check(between=(0, 6), nulls=False)
def weekday(scheduled_departure: pd.Series) -> pd.Series[int]:
    """Day of the week in New York: 0 is Monday.

    Why:
        Saturdays have a quarter fewer flights; a full airport recovers more slowly from any disturbance.
    Tendency:
        Mean arrival delay 11.7 min on Thursdays, -1.4 min on Saturdays (n = 50,219 and 38,720).
    """
    return _local(scheduled_departure).dt.day_of_week.astype("int64")


@check(between=(1, 12), nulls=False)
def month(scheduled_departure: pd.Series) -> pd.Series[int]:
    """Month in New York.

    Why:
        Thunderstorms close the airspace in summer, snow and holidays fill December.
    Tendency:
        Mean arrival delay 16.7 min in July and 14.9 min in December, -4.0 min in September. Seen in
        one year only: what is the season and what was 2013 cannot be told apart.
    """
    return _local(scheduled_departure).dt.month.astype("int64")


@check(between=(-200, 200), nulls=False)
def days_to_holiday(scheduled_departure: pd.Series) -> pd.Series[int]:
    """Days to the nearest federal holiday: 3 is three days before it, -3 three days after it.

    Why:
        People travel before and after a holiday, not on it. Two holidays equally near: the coming one counts.
    Tendency:
        Mean arrival delay 14.3 min three and four days before a holiday (n = 17,949), 2.6 min on
        it, -3.3 min two days after it (n = 9,257).
    """
    day = _local(scheduled_departure).dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    if day.size == 0:
        return pd.Series(0, index=scheduled_departure.index, dtype="int64")
    # The longest stretch without one, from February to May, is a hundred days: twice that on both sides is plenty.
    margin = np.timedelta64(200, "D")
    found = USFederalHolidayCalendar().holidays(day.min() - margin, day.max() + margin)
    holidays = found.to_numpy().astype("datetime64[D]")
    following = np.searchsorted(holidays, day)
    ahead = (holidays[following] - day).astype("int64")
    behind = (day - holidays[following - 1]).astype("int64")
    return pd.Series(np.where(ahead <= behind, ahead, -behind), index=scheduled_departure.index)


@check(between=(1, 12_500), nulls=False)
def distance_miles(distance: pd.Series) -> pd.Series[int]:
    """Miles between the two airports.

    Why:
        A long flight has hours to catch up, and is the last to be cancelled.
    Tendency:
        Mean arrival delay 8.7 min below 300 miles, 1.3 min from 2,000 miles on; cancelled 4.1 % and
        0.6 %.
    """
    return distance


@check(between=(-720, 720), nulls=False)
def padding_minutes(
    scheduled_departure: pd.Series, scheduled_arrival: pd.Series, distance: pd.Series
) -> pd.Series[float]:
    """Minutes that the timetable grants beyond what the distance usually takes from gate to gate.

    Why:
        Airlines pad the timetable where they know of queues; a padded flight makes good a late start. West of
        New York it also holds the headwind.
    Tendency:
        Mean arrival delay 8.8 min in the fifth that is padded least, 3.1 min in the fifth padded
        most.
    """
    return _gate_to_gate(scheduled_departure, scheduled_arrival) - _usual_minutes(distance)


@check(between=(1, 120), nulls=False)
def departures_same_hour(departures_in_hour: pd.Series) -> pd.Series[int]:
    """Flights that the timetable has leave the same airport in the same clock hour, this one included.

    Why:
        Runways have a capacity; near it every disturbance becomes a queue.
    Tendency:
        Mean arrival delay 2.7 min with 11 to 15 departures, 9.6 min with 21 to 25. Above 30 it is
        -2.9 min: 100.0 % of those leave before 09:00.
    """
    return departures_in_hour


@check(matches="[A-Z]{3}", nulls=False)
def origin_airport(origin: pd.Series) -> pd.Series[str]:
    """Airport that the flight leaves: EWR, JFK or LGA.

    Why:
        The three share one sky, but neither runways nor gates.
    Tendency:
        Mean arrival delay 9.1 min from EWR, 5.8 from LGA, 5.6 from JFK; cancelled 2.7 %, 3.0 % and
        1.7 %.
    """
    return origin


@check(matches="[A-Z0-9]{2}", nulls=False)
def carrier_code(carrier: pd.Series) -> pd.Series[str]:
    """Two-letter code of the airline.

    Why:
        Regional airlines fly small aircraft on short turnarounds, and are the first to be held on the ground.
    Tendency:
        Mean arrival delay 15.8 min with EV and 10.8 with MQ, both regional; 1.6 with DL,
        0.4 with AA.
    """
    return carrier


@rejected(
    "0.993 correlated with distance_miles; what it adds is padding_minutes: AUC 0.671 without it, 0.671 "
    "with it"
)
def scheduled_minutes(scheduled_departure: pd.Series, scheduled_arrival: pd.Series) -> pd.Series[int]:
    """Minutes from gate to gate by the timetable.

    Why:
        A long flight has time to catch up.
    Tendency:
        Mean arrival delay 8.7 min below 90 minutes, 1.3 min from 300 on; correlation -0.07.
    """
    return _gate_to_gate(scheduled_departure, scheduled_arrival)


@rejected("Hour, airline and distance know it already: AUC 0.671 without it, 0.671 with it")
def flight_number_is_odd(flight_number: pd.Series) -> pd.Series[bool]:
    """Whether the flight number is odd, as it is by custom on the way out from the airline's home.

    Why:
        On the way out the aircraft comes from its base, on the way back from a leg that may have been late.
    Tendency:
        Mean arrival delay 6.2 min with odd numbers, 8.3 min with even ones (n = 224,433 and
        112,343).
    """
    return flight_number % 2 == 1


@rejected("Hour, airline and distance know it already: AUC 0.671 without it, 0.671 with it")
def departs_on_the_hour(sched_dep_time: pd.Series) -> pd.Series[bool]:
    """Whether the timetable has the flight leave at the full hour.

    Why:
        Everybody wants to leave at the full hour, so the queue should be longest then.
    Tendency:
        The other way round: mean arrival delay 3.5 min at the full hour, 7.6 min at other minutes.
    """
    return sched_dep_time % 100 == 0


def _minute_of_day(clock: pd.Series) -> pd.Series:
    """Turn clock times as HHMM into minutes after midnight."""
    return clock // 100 * 60 + clock % 100


def _local(instant: pd.Series) -> pd.Series:
    """Turn instants into New York's time."""
    return instant.dt.tz_convert("America/New_York")


def _gate_to_gate(scheduled_departure: pd.Series, scheduled_arrival: pd.Series) -> pd.Series:
    """Return the minutes that the timetable allows for."""
    return (scheduled_arrival - scheduled_departure) // pd.Timedelta(minutes=1)


def _usual_minutes(distance: pd.Series) -> pd.Series:
    """Return the minutes that the distance usually takes from gate to gate."""
    return _GROUND_MINUTES + distance / _MILES_A_MINUTE
