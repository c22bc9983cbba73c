"""A feature data mart for machine learning.

What stands here is what a module under ``features/`` may import; see :mod:`featuremart.authoring`.
"""

from featuremart.authoring import FeatureTable, Model, as_of, check, rejected, snapshot, window

__version__ = "0.1.0"
__all__ = ["FeatureTable", "Model", "__version__", "as_of", "check", "rejected", "snapshot", "window"]
