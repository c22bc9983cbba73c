"""The mart: a BigQuery dataset of feature tables, with the tables that tell how each partition came to be.

``table``      what a feature table is in the mart, in this package's own words
``sql``        names and values as GoogleSQL text
``cells``      values and parameters as BigQuery's REST interface writes them
``answers``    what BigQuery's errors mean: transient, for good, or a person's mistake
``retries``    trying again, and telling so
``transport``  authorised HTTP, repeated where the answer is transient
``rest``       small questions over plain authorised REST, without the client library's two seconds
``jobs``       jobs that are started once, whatever happens between asking and hearing
``schema``     a table's schema: made, added to, refused
``metadata``   the metadata tables: partitions, runs, profiles, migrations
``records``    rows of them: runs, profiles, migrations
``state``      what is published now
``lock``       keeps transactions on one table apart
``inspect``    what a staging table holds, checked before it is published
``publish``    staging tables into the mart: one transaction a table and range
``migrate``    the schema changes that a person must want
``query``      reading the mart for an analyst: checked, bounded
``chunks``     a result by parts: rows of Python values, or Arrow
"""
