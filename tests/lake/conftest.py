"""A bucket of its own for each test, on a real S3 server."""

from __future__ import annotations

import uuid

import pytest

from featuremart.config import clients
from featuremart.lake.store import ObjectStore


@pytest.fixture
def store(environment):
    """Make an empty bucket."""
    client = clients.s3(environment)
    bucket = f"test-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=bucket)
    return ObjectStore(client, bucket)
