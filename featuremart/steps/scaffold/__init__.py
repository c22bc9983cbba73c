"""What ``mart new`` writes: the first version of a model, a table or a source, that passes ``mart check`` at once.

``models``, ``tables``, ``sources``  one each: what is asked for, what is refused, which files it takes
``fixtures``                         real rows of a source, for tests
``workflows``                        puts tasks into a ``.dig`` file and leaves the rest of it alone
``requirements``                     the worker's locked requirements
``examples``                         values of each type, for tests
``files``                            all files are written, or none
``rendering``                        the texts, from ``templates/``
"""

from featuremart.steps.scaffold.files import Written
from featuremart.steps.scaffold.fixtures import new_fixture
from featuremart.steps.scaffold.models import new_model
from featuremart.steps.scaffold.sources import Days, new_source
from featuremart.steps.scaffold.tables import new_table

__all__ = ["Days", "Written", "new_fixture", "new_model", "new_source", "new_table"]
