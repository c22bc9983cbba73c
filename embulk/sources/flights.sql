/*
what: Flights that were to leave a New York airport, one row a flight, with what became of them.
owner: flight-data@example.com
event_time: scheduled_departure
timezone: America/New_York
first_day: 2013-01-01
min_rows: 1
refresh: on change
columns:
  flight_id: {type: STRING, required: true, about: "day, carrier, number and origin: 2013-01-01-UA-1545-EWR"}
  scheduled_departure: {type: TIMESTAMP, required: true, about: "off the gate by the timetable"}
  scheduled_arrival: {type: TIMESTAMP, required: true, about: "at the gate by the timetable"}
  carrier: {type: STRING, required: true, about: "two-letter code of the airline"}
  flight_number: {type: INT64, required: true, about: "number of the flight, as on the ticket"}
  origin: {type: STRING, required: true, about: "EWR, JFK or LGA"}
  dest: {type: STRING, required: true, about: "FAA code of the airport it flies to"}
  distance: {type: INT64, required: true, about: "miles between the airports"}
  sched_dep_time: {type: INT64, required: true, about: "local scheduled departure as HHMM: 515 is 05:15"}
  sched_arr_time: {type: INT64, required: true, about: "scheduled arrival as HHMM, in the local time of the destination"}
  departures_in_hour: {type: INT64, required: true, about: "flights that the timetable has leave this airport in this clock hour, this one included"}
  departed_at: {type: TIMESTAMP, about: "off the gate; null if cancelled", known_at: departed_at}
  landed_at: {type: TIMESTAMP, about: "at the gate of the destination, also after a diversion; null if cancelled or never there", known_at: landed_at}
  settled_at: {type: TIMESTAMP, required: true, about: "when it was known whether the flight leaves: off the gate, or, as no time of a cancellation is recorded, 3 h after the scheduled departure"}
  cancelled: {type: BOOL, about: "the flight never left", known_at: settled_at}
  tailnum: {type: STRING, about: "registration of the aircraft; mostly null if cancelled, so known at the departure only", known_at: departed_at}
  dep_delay: {type: FLOAT64, about: "minutes late off the gate, negative if early; null if cancelled", known_at: departed_at}
  arr_delay: {type: FLOAT64, about: "minutes late at the gate, negative if early; null if cancelled or diverted", known_at: landed_at}
  air_time: {type: FLOAT64, about: "minutes in the air; null if cancelled or diverted", known_at: landed_at}
*/
WITH timetable AS (
  SELECT
    flights.*,
    DATE(flights.year, flights.month, flights.day) AS partition_day,
    TIMESTAMP(
      DATETIME(flights.year, flights.month, flights.day, flights.hour, flights.minute, 0), 'America/New_York'
    ) AS scheduled_departure,
    -- The list of airports lacks four: BQN, PSE and SJU on Puerto Rico, STT on Saint Thomas. All keep Atlantic time.
    IFNULL(airports.tzone, 'America/Puerto_Rico') AS arrival_zone,
    COUNT(*) OVER (PARTITION BY flights.origin, flights.time_hour) AS departures_in_hour
  FROM warehouse.flights AS flights
  LEFT JOIN warehouse.airports AS airports ON airports.faa = flights.dest
  -- A New York day as instants, so that only the days' own partitions of the table are read.
  WHERE flights.time_hour >= TIMESTAMP(@first_day, 'America/New_York')
    AND flights.time_hour < TIMESTAMP(DATE_ADD(@last_day, INTERVAL 1 DAY), 'America/New_York')
),
departures AS (
  SELECT
    *,
    -- dep_delay is kept in place of the clock time dep_time, which names no day.
    TIMESTAMP_ADD(scheduled_departure, INTERVAL CAST(dep_delay AS INT64) MINUTE) AS departed_at
  FROM timetable
),
-- Arrivals are clock times in the zone of the destination. Read the clock there at the departure, too: the
-- difference, at most 24 h, is how long the way from gate to gate took.
clocks AS (
  SELECT
    *,
    EXTRACT(HOUR FROM TIME(scheduled_departure, arrival_zone)) * 60
      + EXTRACT(MINUTE FROM TIME(scheduled_departure, arrival_zone)) AS sched_dep_minute,
    EXTRACT(HOUR FROM TIME(departed_at, arrival_zone)) * 60
      + EXTRACT(MINUTE FROM TIME(departed_at, arrival_zone)) AS dep_minute,
    DIV(sched_arr_time, 100) * 60 + MOD(sched_arr_time, 100) AS sched_arr_minute,
    DIV(arr_time, 100) * 60 + MOD(arr_time, 100) AS arr_minute
  FROM departures
)
SELECT
  CONCAT(CAST(partition_day AS STRING), '-', carrier, '-', CAST(flight AS STRING), '-', origin) AS flight_id,
  scheduled_departure,
  TIMESTAMP_ADD(
    scheduled_departure, INTERVAL MOD(sched_arr_minute - sched_dep_minute + 1440, 1440) MINUTE
  ) AS scheduled_arrival,
  carrier,
  flight AS flight_number,
  origin,
  dest,
  distance,
  sched_dep_time,
  sched_arr_time,
  departures_in_hour,
  departed_at,
  TIMESTAMP_ADD(departed_at, INTERVAL MOD(arr_minute - dep_minute + 1440, 1440) MINUTE) AS landed_at,
  IFNULL(departed_at, TIMESTAMP_ADD(scheduled_departure, INTERVAL 3 HOUR)) AS settled_at,
  departed_at IS NULL AS cancelled,
  tailnum,
  dep_delay,
  arr_delay,
  air_time,
  partition_day
FROM clocks
