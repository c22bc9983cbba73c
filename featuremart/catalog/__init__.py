"""The catalog: everything that is declared under ``features/`` and ``embulk/sources/``, read without importing it.

``model``        what the catalog holds
``loading``      load it all, or tell all that is wrong
``graph``        who depends on what
``fingerprint``  what made an output

From the text of a module to a table:
``syntax`` and ``modules`` take a file apart, ``imports``, ``purity`` and ``requirements`` judge what it uses;
``packages``, ``tables``, ``lookups``, ``features`` read what it declares with ``declarations``, ``marks``,
``annotations``, ``docstrings``, ``parameters`` and ``names``; ``reach`` follows what decides its values.
"""

from featuremart.catalog.loading import load, problems, read
from featuremart.catalog.model import Catalog

__all__ = ["Catalog", "load", "problems", "read"]
