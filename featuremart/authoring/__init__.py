"""What a module under ``features/`` may import.

>>> from featuremart import FeatureTable, Model, as_of, check, rejected, snapshot, window
"""
