"""The lake: typed objects on S3, and the manifests without which they do not exist.

``days``      partition days and ranges of them
``columns``   the column types that travel through the whole mart
``keys``      where an output lives in the bucket
``manifest``  the JSON object written last beside an output
``ledger``    the manifests of the lake: many found at once
``loads``     the manifest of one load into a staging table
``store``     get, put, put-if-absent and list on one bucket
"""
