"""The worker: reads manifests from S3, runs one feature table over partitions, checks and writes the result.

Entry point: ``python -m featuremart.batch s3://bucket/runs/.../request.json``. It needs no Google credentials
and imports no warehouse, scheduler or command line.
"""
