"""One bucket: what is read, written once, listed, and how S3's refusals are told."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featuremart.errors import TransientError, WorkFailed
from featuremart.lake.store import ObjectMissing, ObjectStore, sha256_hex, split_uri


def test_an_object_is_created_once(store: ObjectStore) -> None:
    assert store.put_new("k", b"first")
    assert not store.put_new("k", b"second")
    assert store.get("k") == b"first"
    store.put("k", b"third")
    assert store.get("k") == b"third"


def test_a_missing_object_is_told_by_its_uri(store: ObjectStore) -> None:
    assert store.find("nothing") is None
    with pytest.raises(ObjectMissing, match=f"s3://{store.bucket}/nothing does not exist"):
        store.get("nothing")


def test_large_objects_travel_whole(store: ObjectStore) -> None:
    data = bytes(range(256)) * 40_000
    store.put("large", data)
    assert sha256_hex(store.get("large")) == sha256_hex(data)


@given(names=st.sets(st.text("abc/", min_size=1, max_size=6), min_size=2, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_entries_are_exactly_the_keys_between_both_ends(store: ObjectStore, names: set[str]) -> None:
    for key in list(store.list("")):
        store.client.delete_object(Bucket=store.bucket, Key=key)
    keys = sorted(f"k{name}k" for name in names)
    for key in keys:
        store.put(key, b"")
    for first, last in ((keys[0], keys[-1]), (keys[0], keys[0]), (keys[-2], keys[-1])):
        assert [key for key, _ in store.entries(first, last)] == [key for key in keys if first <= key <= last]


def test_a_server_that_is_not_there_is_transient(store: ObjectStore) -> None:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3", endpoint_url="http://127.0.0.1:9", region_name="us-east-1", aws_access_key_id="local",
        aws_secret_access_key="local", config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    with pytest.raises(TransientError, match="S3 did not answer"):
        ObjectStore(client, store.bucket).get("k")


def test_a_bucket_that_is_not_there_is_refused(store: ObjectStore) -> None:
    with pytest.raises(WorkFailed, match="NoSuchBucket"):
        ObjectStore(store.client, "no-such-bucket-anywhere").put("k", b"")


@pytest.mark.parametrize("uri", ["", "s3://", "s3://bucket", "s3://bucket/", "file:///tmp/x", "bucket/key"])
def test_what_is_no_uri_is_refused(uri: str) -> None:
    with pytest.raises(WorkFailed, match="is no s3://bucket/key"):
        split_uri(uri)


def test_a_uri_is_split_at_the_bucket() -> None:
    assert split_uri("s3://bucket/a/b.json") == ("bucket", "a/b.json")
