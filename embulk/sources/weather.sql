/*
what: Weather at the three New York airports, one row an airport and hour.
owner: flight-data@example.com
event_time: reported_at
timezone: America/New_York
first_day: 2013-01-01
min_rows: 0          # the station sent nothing on 2013-12-31
refresh: on change
columns:
  origin: {type: STRING, required: true, about: "EWR, JFK or LGA"}
  reported_at: {type: TIMESTAMP, required: true, about: "end of the hour that the reading stands for: from then on it can be used"}
  temp: {type: FLOAT64, about: "temperature in degrees Fahrenheit"}
  dewp: {type: FLOAT64, about: "dew point in degrees Fahrenheit"}
  humid: {type: FLOAT64, about: "relative humidity in percent"}
  wind_dir: {type: FLOAT64, about: "direction the wind comes from in degrees, 0 for calm; null if variable"}
  wind_speed: {type: FLOAT64, about: "miles an hour"}
  wind_gust: {type: FLOAT64, about: "miles an hour; null in hours without gusts"}
  precip: {type: FLOAT64, about: "inches of rain or molten snow in the hour"}
  pressure: {type: FLOAT64, about: "millibars at sea level"}
  visib: {type: FLOAT64, about: "miles, at most 10"}
*/
SELECT
  origin,
  -- The reading that is filed under 05:00 was taken at 05:51 or a little earlier, and its rain is that of the
  -- whole hour. A flight at 05:10 must not see it: it is dated to the end of its hour.
  -- The UTC hour is used, as the local one comes twice on the last night of summer time.
  TIMESTAMP_ADD(time_hour, INTERVAL 1 HOUR) AS reported_at,
  temp,
  dewp,
  humid,
  wind_dir,
  wind_speed,
  wind_gust,
  precip,
  pressure,
  visib,
  DATE(TIMESTAMP_ADD(time_hour, INTERVAL 1 HOUR), 'America/New_York') AS partition_day
FROM warehouse.weather
-- The days as instants, so that only their own partitions of the table are read.
WHERE time_hour >= TIMESTAMP_SUB(TIMESTAMP(@first_day, 'America/New_York'), INTERVAL 1 HOUR)
  AND time_hour < TIMESTAMP(DATE_ADD(@last_day, INTERVAL 1 DAY), 'America/New_York')
-- Should a station file an hour twice, the warmer reading stands, on every run the same.
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY origin, time_hour ORDER BY temp DESC, dewp DESC, wind_speed DESC, pressure DESC, visib DESC
) = 1
