"""The server of BigQuery without one of its work-arounds: ``python bigquery.py WITHOUT --home ...``."""

import sys

from featuremart.local import bigquery

without = sys.argv.pop(1)
assert hasattr(bigquery, without)
setattr(bigquery, without, lambda: None)
bigquery.main()
