"""Example values of each column type, as Python writes them."""

from __future__ import annotations

from dataclasses import dataclass

from featuremart.lake.columns import ColumnType


@dataclass(frozen=True)
class Example:
    """Two different values of a type.

    Parameters
    ----------
    first, second
        Python expressions.
    dtype
        Of a nullable Series of that type.
    imports
        Import line that the expressions need, empty for none.
    """

    first: str
    second: str
    dtype: str
    imports: str = ""


_DATES = "import datetime as dt\n"
_DECIMAL = "from decimal import Decimal\n"

EXAMPLES: dict[ColumnType, Example] = {
    ColumnType.INT64: Example("1", "2", "Int64"),
    ColumnType.FLOAT64: Example("1.5", "2.5", "float64"),
    ColumnType.BOOL: Example("True", "False", "boolean"),
    ColumnType.STRING: Example('"a"', '"b"', "str"),
    ColumnType.BYTES: Example('b"a"', 'b"b"', "object"),
    ColumnType.DATE: Example("dt.date(2013, 1, 31)", "dt.date(2013, 2, 1)", "object", _DATES),
    ColumnType.DATETIME: Example(
        "pd.Timestamp(2013, 1, 31, 12)", "pd.Timestamp(2013, 2, 1, 12)", "datetime64[us]"
    ),
    ColumnType.TIMESTAMP: Example(
        'pd.Timestamp("2013-01-31T12:00Z")', 'pd.Timestamp("2013-02-01T12:00Z")', "datetime64[us, UTC]"
    ),
    ColumnType.NUMERIC: Example('Decimal("1.5")', 'Decimal("2.5")', "object", _DECIMAL),
}
"""Two values of each type that a source may have."""


def imports_for(types: list[ColumnType]) -> str:
    """Return the import lines that examples of these types need, with an empty line behind them."""
    lines = "".join(sorted({EXAMPLES[type_].imports for type_ in types}))
    return f"{lines}\n" if lines else ""
