from __future__ import annotations

import pytest

from featuremart.config import clients

pytestmark = pytest.mark.slow


def test_the_bucket_and_the_datasets_are_there(environment):
    buckets = [bucket["Name"] for bucket in clients.s3(environment).list_buckets()["Buckets"]]
    datasets = {dataset.dataset_id for dataset in clients.bigquery(environment).list_datasets()}

    assert environment.bucket in buckets
    assert {environment.warehouse_dataset, environment.mart_dataset, environment.staging_dataset} <= datasets
