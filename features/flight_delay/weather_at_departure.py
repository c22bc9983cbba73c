"""The last weather report at the airport before the scheduled departure, never a later one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from featuremart import FeatureTable, as_of, check, rejected

table = FeatureTable(
    source="flights",
    keys=["flight_id"],
    event_time="scheduled_departure",
    lookups={"weather": as_of(on=["origin"], tolerance="3h")},
)

# A station has reported wind of over 1,000 miles an hour. The strongest gust ever measured on the ground was 253.
_STRONGEST_WIND = 253.0

# True headings of the runways in degrees. A wind along the runway lifts; across, it pushes off the line.
_RUNWAYS = {"EWR": (26, 95), "JFK": (31, 121), "LGA": (32, 122)}


@check(between=(-60, 60))
def temperature_celsius(weather__temp: pd.Series) -> pd.Series[float]:
    """Air temperature in degrees Celsius.

    Why:
        Below zero aircraft queue for de-icing; above 25 degrees thunderstorms grow.
    Tendency:
        Mean arrival delay 8.8 min below -4 degrees, 3.8 min from 10 to 20, 15.8 min from 27 on.
    """
    return _celsius(weather__temp)


@check(between=(-5, 60))
def dew_point_spread(weather__temp: pd.Series, weather__dewp: pd.Series) -> pd.Series[float]:
    """Degrees Celsius between air temperature and dew point.

    Why:
        Near zero the air is saturated: fog, low cloud and rain lengthen the distance between landings.
    Tendency:
        Mean arrival delay 20.0 min below 2 degrees, 3.0 min from 10 on; cancelled 6.1 % and 1.2 %.
    """
    return _celsius(weather__temp) - _celsius(weather__dewp)


@check(between=(0, 10))
def visibility_miles(weather__visib: pd.Series) -> pd.Series[float]:
    """Visibility in miles, 10 or more as 10.

    Why:
        Below three miles pilots fly by instruments only, and fewer aircraft land in an hour.
    Tendency:
        Mean arrival delay 31.6 min below 3 miles (n = 13,161), 4.3 min at 10; cancelled 8.7 % and
        1.8 %.
    """
    return weather__visib


@check(between=(0, 253))
def wind_mph(weather__wind_speed: pd.Series) -> pd.Series[float]:
    """Wind in miles an hour; null where the station reports what cannot be.

    Why:
        Strong wind closes one of two crossing runways and spreads the landings.
    Tendency:
        Mean arrival delay 2.6 min below 5 mph, 20.3 min from 25 on; cancelled 1.6 % and 10.7 %.
    """
    return _plausible(weather__wind_speed)


@check(between=(0, 253))
def gust_mph(weather__wind_gust: pd.Series, weather__visib: pd.Series) -> pd.Series[float]:
    """Gusts in miles an hour; 0 in an hour without gusts, null without a report.

    Why:
        Pilots land faster in gusts, keep more distance, and turn away more often.
    Tendency:
        Mean arrival delay 6.0 min without gusts, 17.4 min from 35 mph on; cancelled 2.2 % and
        8.5 %.
    """
    # A report leaves gusts out where there were none; visibility is in every report.
    return _plausible(weather__wind_gust).mask(weather__wind_gust.isna() & weather__visib.notna(), 0.0)


@check(between=(0, 10))
def precipitation_inches(weather__precip: pd.Series) -> pd.Series[float]:
    """Rain or molten snow of the last hour in inches.

    Why:
        Wet runways lengthen every landing; heavy rain means thunderstorms on the routes.
    Tendency:
        Mean arrival delay 5.1 min in dry hours, 31.7 min below a tenth of an inch, 60.0 min from
        0.3 on (n = 738).
    """
    return weather__precip


def freezing_precipitation(weather__temp: pd.Series, weather__precip: pd.Series) -> pd.Series[bool]:
    """Whether it snowed or rained at or below the freezing point.

    Why:
        Every aircraft has to be de-iced, some again while they queue.
    Tendency:
        Mean arrival delay 74.7 min with it (n = 1,661), 6.6 min without; cancelled 22.0 % and
        2.4 %.
    """
    known = weather__temp.notna() & weather__precip.notna()
    freezing = (weather__temp <= 32) & (weather__precip > 0)
    return freezing.astype("boolean").where(known)


@check(between=(850, 1100))
def pressure_millibars(weather__pressure: pd.Series) -> pd.Series[float]:
    """Air pressure at sea level in millibars; null in a tenth of the reports.

    Why:
        Low pressure is the storm over the whole region, of which the airport may yet see little.
    Tendency:
        Mean arrival delay 43.5 min below 1000 (n = 2,130), 9.5 min from 1010 to 1015, -0.7 min from
        1020 on.
    """
    return weather__pressure


@check(between=(0, 180))
def report_age_minutes(scheduled_departure: pd.Series, weather__reported_at: pd.Series) -> pd.Series[float]:
    """Minutes from the weather report to the scheduled departure.

    Why:
        What an old report says is worth less: the model can weigh the others by it.
    Tendency:
        Says nothing by itself (correlation 0.02); 99.6 % of the flights have a report of the last
        hour.
    """
    return (scheduled_departure - weather__reported_at) / pd.Timedelta(minutes=1)


@rejected("-0.97 correlated with dew_point_spread, which says more: AUC 0.725 without it, 0.723 with it")
def relative_humidity(weather__humid: pd.Series) -> pd.Series[float]:
    """Relative humidity in percent.

    Why:
        Saturated air means fog, low cloud and rain.
    Tendency:
        Mean arrival delay 2.6 min below 60 %, 24.8 min from 95 on.
    """
    return weather__humid


@rejected("0.62 correlated with wind_mph, and no more telling: AUC 0.725 without it, 0.725 with it")
def crosswind_mph(
    origin: pd.Series, weather__wind_speed: pd.Series, weather__wind_dir: pd.Series
) -> pd.Series[float]:
    """Miles an hour of wind across the runway that lies best in it.

    Why:
        Wind across is what closes a runway; along it does no harm.
    Tendency:
        Mean arrival delay 3.5 min below 2 mph, 21.0 min from 15 on (n = 2,727).
    """
    headings = origin.map(_RUNWAYS)
    across = [
        np.abs(np.sin(np.radians(weather__wind_dir - headings.str[nth].astype("float64")))) for nth in (0, 1)
    ]
    return _plausible(weather__wind_speed) * np.minimum(*across)


def _celsius(fahrenheit: pd.Series) -> pd.Series:
    return (fahrenheit - 32) / 1.8


def _plausible(miles_an_hour: pd.Series) -> pd.Series:
    """Null a wind that no station ever saw."""
    return miles_an_hour.where(miles_an_hour <= _STRONGEST_WIND)
