"""What a cut diamond is worth, estimated from its weight, grades and measures.

The label is ``price`` in US dollars, which no feature may see: the source leaves it out.

The figures in the docstrings are those of 53,940 stones, and are recomputed by the tests. The usual price of a weight
is that of a straight line between the logarithms; an error is that of a linear model of the logarithm of the price,
learned on stones of odd numbers and judged on those of even ones.
"""

from featuremart import Model

model = Model(
    owner="gem-data@example.com",
    predicts="price of a cut diamond in US dollars",
    cpu=512,
    memory=2048,
    deadline="30m",
)
