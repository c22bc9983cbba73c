"""What the lake and the logs hold survives the server, however it ends."""

from __future__ import annotations

import io
import os
import threading
import time

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.slow

BUCKET = "lake"


@pytest.fixture
def s3(aws):
    client = aws.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def keys(s3):
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def read(s3, key):
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def test_an_answered_put_survives_kill_9(aws, s3):
    long_key = "a" * 300 + "/ü b+c%2F"
    before = {}
    for key, data in {"a": b"1", "a/b": b"2", long_key: b"", "big": os.urandom(7_000_000)}.items():
        s3.put_object(
            Bucket=BUCKET, Key=key, Body=data, Metadata={"made-by": "test"}, ContentType="text/plain"
        )
        before[key] = data, s3.head_object(Bucket=BUCKET, Key=key)

    aws.kill()
    aws.start()

    assert keys(s3) == sorted(before)
    for key, (data, head) in before.items():
        after = s3.head_object(Bucket=BUCKET, Key=key)
        assert read(s3, key) == data
        for fact in ("ETag", "LastModified", "ContentLength", "ContentType", "Metadata"):
            assert after[fact] == head[fact], (key, fact)


def test_the_last_write_wins_and_a_delete_stays(aws, s3, tmp_path):
    for data in (b"old", b"new"):
        s3.put_object(Bucket=BUCKET, Key="twice", Body=data)
    s3.put_object(Bucket=BUCKET, Key="gone", Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key="gone")
    s3.put_object(Bucket=BUCKET, Key="gone too", Body=b"x")
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "gone too"}]})
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "twice"})

    aws.kill()
    aws.start()

    assert {key: read(s3, key) for key in keys(s3)} == {"copy": b"new", "twice": b"new"}
    assert len(list((tmp_path / ".mart/s3/content").iterdir())) == 2, "files that no object names stay behind"


def test_a_multipart_upload_survives_whole(aws, s3):
    data = os.urandom(11_000_000)
    s3.upload_fileobj(io.BytesIO(data), BUCKET, "parts", Config=_in_parts())
    etag = s3.head_object(Bucket=BUCKET, Key="parts")["ETag"]

    aws.kill()
    aws.start()

    assert read(s3, "parts") == data
    assert s3.head_object(Bucket=BUCKET, Key="parts")["ETag"] == etag
    assert s3.get_object(Bucket=BUCKET, Key="parts", Range="bytes=10-19")["Body"].read() == data[10:20]


def _in_parts():
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20)


def test_if_none_match_holds_over_a_restart(aws, s3):
    s3.put_object(Bucket=BUCKET, Key="manifest.json", Body=b"first", IfNoneMatch="*")

    aws.kill()
    aws.start()

    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key="manifest.json", Body=b"second", IfNoneMatch="*")
    assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
    assert read(s3, "manifest.json") == b"first"


@pytest.mark.usefixtures("s3")
def test_of_many_writers_one_is_first(aws):
    writers, rounds = 8, 10
    clients = [aws.client("s3") for _ in range(writers)]
    won = []
    for number in range(rounds):
        start = threading.Barrier(writers)

        def write(client, start=start, key=f"manifest {number}"):
            start.wait()
            try:
                client.put_object(Bucket=BUCKET, Key=key, Body=b"x" * 1000, IfNoneMatch="*")
            except ClientError:
                return
            won.append(key)

        threads = [threading.Thread(target=write, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(won) == sorted(set(won))
    assert len(won) == rounds


def test_a_full_disk_is_said_and_changes_nothing(aws, s3, tmp_path):
    s3.put_object(Bucket=BUCKET, Key="kept", Body=b"before")
    content = tmp_path / ".mart/s3/content"
    content.rename(
        content.with_name("away")
    )  # nothing can be written there, as on a full disk, whoever we are

    once = aws.client("s3", retries={"total_max_attempts": 1})
    for key in ("kept", "new"):
        with pytest.raises(ClientError, match="could not be kept on disk") as refused:
            once.put_object(Bucket=BUCKET, Key=key, Body=b"after")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500

    content.with_name("away").rename(content)
    assert {key: read(s3, key) for key in keys(s3)} == {"kept": b"before"}


def test_the_log_of_a_task_survives(aws):
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/featuremart/x")
    logs.create_log_stream(logGroupName="/featuremart/x", logStreamName="main/main/1")
    now = int(time.time() * 1000)
    for number in range(3):
        logs.put_log_events(
            logGroupName="/featuremart/x",
            logStreamName="main/main/1",
            logEvents=[{"timestamp": now + number, "message": f"line {number} ü"}],
        )

    aws.kill()
    aws.start()

    events = logs.get_log_events(
        logGroupName="/featuremart/x", logStreamName="main/main/1", startFromHead=True
    )
    assert [event["message"] for event in events["events"]] == ["line 0 ü", "line 1 ü", "line 2 ü"]
