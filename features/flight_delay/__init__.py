"""How late a flight from New York will arrive, estimated before it leaves.

The label is ``arr_delay``, minutes late at the gate. What is known when the ticket is sold stands in
``timetable``, what is known at the departure in ``weather_at_departure``; ``carrier_history`` and
``route_history`` tell of the four weeks before, ``aircraft`` of the plane.

The figures in the docstrings are those of the 336,776 flights of 2013, and are recomputed by the tests. An AUC is
that of a quick additive model of "15 minutes late or more", learned on odd weeks and judged on even ones.
"""

from featuremart import Model

model = Model(
    owner="flight-data@example.com",
    predicts="minutes that a flight arrives late at the gate",
    cpu=1024,
    memory=4096,
    deadline="1h",
)
