/*
what: Cut diamonds on offer, one row a stone, with everything but its price.
owner: gem-data@example.com
refresh: on change
columns:
  diamond_id: {type: INT64, required: true, about: "number of the stone in the price list, from 1"}
  carat: {type: FLOAT64, required: true, about: weight in carats of 0.2 g}
  cut: {type: STRING, required: true, about: "grade of the cut: Fair, Good, Very Good, Premium, Ideal"}
  color: {type: STRING, required: true, about: "grade of the colour: D (colourless) to J"}
  clarity: {type: STRING, required: true, about: "grade of the clarity: I1, SI2, SI1, VS2, VS1, VVS2, VVS1, IF"}
  depth_percent: {type: FLOAT64, required: true, about: "height in percent of the mean diameter, as certified"}
  table_percent: {type: FLOAT64, required: true, about: "width of the flat top in percent of the widest point"}
  length_mm: {type: FLOAT64, required: true, about: "length at the widest point; 0 where it was not measured"}
  width_mm: {type: FLOAT64, required: true, about: "width at the widest point; 0 where it was not measured"}
  height_mm: {type: FLOAT64, required: true, about: "from the table down to the tip; 0 where it was not measured"}
*/
-- The price is what the model estimates. It stays in the warehouse, so that no feature can be made of it; the
-- training set joins it by diamond_id.
SELECT
  diamond_id,
  carat,
  cut,
  color,
  clarity,
  depth_percent,
  table_percent,
  length_mm,
  width_mm,
  height_mm
FROM warehouse.diamonds
