"""One S3 bucket: get, put, put-if-absent, list. Every S3 call of the framework goes through here."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING

from featuremart.errors import TransientError, WorkFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

_TRANSIENT_CODES = frozenset(
    {
        "SlowDown",
        "InternalError",
        "ServiceUnavailable",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "ThrottlingException",
        "ConditionalRequestConflict",
        "500",
        "502",
        "503",
        "504",
    }
)


class ObjectMissing(WorkFailed):
    """No object has that key."""


class ObjectStore:
    """The lake's bucket.

    Parameters
    ----------
    client
        A boto3 S3 client; its own retries are the first line against throttling.
    bucket
        Bucket name.
    """

    def __init__(self, client: S3Client, bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def uri(self, key: str) -> str:
        """Return ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{key}"

    def get(self, key: str) -> bytes:
        """Read an object whole.

        Raises
        ------
        ObjectMissing
            Where there is none.
        TransientError, WorkFailed
            Where S3 did not answer, or refused.
        """
        with _translated(self.uri(key)):
            body: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            return body

    def find(self, key: str) -> bytes | None:
        """Read an object whole, None where there is none."""
        try:
            return self.get(key)
        except ObjectMissing:
            return None

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what was there."""
        with _translated(self.uri(key)):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def put_new(self, key: str, data: bytes) -> bool:
        """Write an object only where none is (``If-None-Match: *``).

        Returns
        -------
        bool
            False where somebody else's object was there first; nothing was written then.
        """
        from botocore.exceptions import ClientError

        try:
            with _translated(self.uri(key), passing=("PreconditionFailed", "412")):
                self.client.put_object(Bucket=self.bucket, Key=key, Body=data, IfNoneMatch="*")
        except ClientError:
            return False
        return True

    def list(self, prefix: str) -> Iterator[str]:
        """Yield all keys under a prefix, in key order."""
        with _translated(self.uri(prefix)):
            for page in self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix
            ):
                for item in page.get("Contents", ()):
                    yield item["Key"]

    def entries(self, first: str, last: str) -> Iterator[tuple[str, str]]:
        """Yield key and ETag of all objects from one key to another, both included, in key order."""
        prefix = "".join(
            a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
        )
        with _translated(self.uri(prefix)):
            # S3 lists what comes after a key: a shorter text comes before the first one, if not right before it
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix, StartAfter=first[:-1]
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    if item["Key"] > last:
                        return
                    if item["Key"] >= first:
                        yield item["Key"], item["ETag"]


@contextmanager
def _translated(uri: str, *, passing: tuple[str, ...] = ()) -> Iterator[None]:
    """Turn botocore's errors into ours, naming the object; those with a code in ``passing`` go through."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in passing:
            raise
        if code in {"NoSuchKey", "404"}:
            raise ObjectMissing(f"{uri} does not exist") from error
        if code in _TRANSIENT_CODES:
            raise TransientError(f"{uri}: S3 answered {code}") from error
        raise WorkFailed(f"{uri}: S3 refused: {code}: {error}") from error
    except NoCredentialsError as error:
        raise WorkFailed(f"{uri}: no AWS credentials were found", next_command="aws sso login") from error
    except BotoCoreError as error:
        raise TransientError(f"{uri}: S3 did not answer: {error}", next_command="mart servers") from error


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def split_uri(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/key`` into bucket and key.

    Raises
    ------
    WorkFailed
        Where the text is no such URI.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or not key:
        raise WorkFailed(f"{uri!r} is no s3://bucket/key")
    return bucket, key
