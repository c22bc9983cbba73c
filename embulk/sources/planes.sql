/*
what: The register of aircraft, one row a tail number.
owner: flight-data@example.com
refresh: on change
columns:
  tailnum: {type: STRING, required: true, about: registration of the aircraft}
  year: {type: INT64, about: year it was built}
  type: {type: STRING, about: "fixed wing or rotorcraft, with one or several engines"}
  manufacturer: {type: STRING, about: "as the register spells it, one maker under several names"}
  model: {type: STRING, about: "as the register spells it: 737-824, A320-232"}
  engines: {type: INT64, about: number of engines}
  seats: {type: INT64, about: number of seats}
  speed: {type: INT64, about: "cruising speed in miles an hour; null for nearly all"}
  engine: {type: STRING, about: "kind of engine: Turbo-fan, Turbo-jet, Reciprocating ..."}
*/
SELECT
  tailnum,
  year,
  type,
  manufacturer,
  model,
  engines,
  seats,
  speed,
  engine
FROM warehouse.planes
