"""What a module under ``features/`` may import.

>>> from featuremart import FeatureTable, Model, as_of, check, rejected, snapshot, window

``models``     what a package of ``features/`` says about itself
``tables``     what a module of it says about itself
``marks``      what stands above a feature: ``@check`` and ``@rejected``
``durations``  ``"3h"`` and the like
``sizes``      what Fargate offers
``refusal``    the error of a declaration that cannot be

Everything here is light (no pandas) and validates itself: a wrong declaration fails where it is written, in a
test as in ``mart check``, which makes these same objects from the source text without importing it.
"""

from featuremart.authoring.marks import check, rejected
from featuremart.authoring.models import Model
from featuremart.authoring.tables import FeatureTable, as_of, snapshot, window

__all__ = ["FeatureTable", "Model", "as_of", "check", "rejected", "snapshot", "window"]
