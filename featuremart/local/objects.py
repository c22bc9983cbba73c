"""Keep moto's S3 on disk: moto itself holds all objects in memory and forgets them when it ends.

An object's bytes are a file under ``.mart/s3/content/``, its facts a row of ``.mart/s3/index.sqlite``. Both
are written before the request is answered, so what a client was told is stored is there after ``kill -9``.
(They are not synced to the device: a power cut may take the last seconds.) Buckets and the latest version of
each object are kept, with metadata and checksums; older versions, tags and policies last as long as the server.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import threading
import uuid
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS bucket (name TEXT PRIMARY KEY, region TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS object (
    bucket TEXT NOT NULL, name TEXT NOT NULL, file TEXT NOT NULL, modified TEXT NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (bucket, name)
);
"""
_FACTS = (
    "contentsize", "_etag", "_storage_class", "encryption", "checksum_algorithm", "checksum_value", "checksum_type",
    "checksum_parts", "website_redirect_location",
)  # fmt: skip
"""Attributes of moto's key that are kept as they are."""

_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")
_FAILED = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InternalError</Code><Message>the object could not be kept on disk: %s</Message></Error>"""


class _OnDisk:
    """The content of a key, in the place of moto's buffer: a file that is open only while it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._position = 0

    def seek(self, position: int) -> None:
        self._position = position

    def read(self, size: int = -1) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self._position)
            data = file.read(size)
        self._position += len(data)
        return data

    def close(self) -> None:
        """Do nothing: moto closes what it drops, and the file goes when its row does."""


class KeptObjects:
    """The objects of moto's S3, kept in a folder.

    Parameters
    ----------
    folder
        Is made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        from moto.s3.models import s3_backends

        self._content = folder / "content"
        self._content.mkdir(parents=True, exist_ok=True)
        self._index = sqlite3.connect(folder / "index.sqlite", check_same_thread=False)
        self._index.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + _SCHEMA)
        self._lock = threading.Lock()
        self._conditional = threading.Lock()
        self._touched = threading.local()
        self._backend = s3_backends["123456789012"]["aws"]

    def restore(self) -> None:
        """Give moto the buckets and objects of the last time, and remove files that no object names."""
        for name, region in self._index.execute("SELECT name, region FROM bucket"):
            self._backend.create_bucket(name, region)
        named = set()
        for bucket, name, file, modified, facts in self._index.execute("SELECT * FROM object"):
            self._put_into_memory(bucket, name, file, modified, facts)
            named.add(file)
        for path in self._content.iterdir():
            if path.name not in named:
                path.unlink()
        for method in ("put_object", "delete_object", "create_bucket", "delete_bucket"):
            self._watch(method)

    def around(self, application: Callable[..., Any]) -> Callable[..., Any]:
        """Return a WSGI application that keeps what a request changed before it answers."""

        def kept(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            if any(header in environ for header in _CONDITIONS):
                # moto looks whether the condition holds and then writes, with nothing to keep a second request
                # from doing the same in between: two writers could both be told that they were the first.
                with self._conditional:
                    return self._answer(application, environ, start_response)
            return self._answer(application, environ, start_response)

        return kept

    def _answer(
        self, application: Callable[..., Any], environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Any:
        held: list[Any] = []
        self._touched.names = set()
        body = application(environ, lambda *start: held.extend(start))
        try:
            self._keep(self._touched.names)
        except (OSError, sqlite3.Error) as error:
            start_response("500 Internal Server Error", [("Content-Type", "application/xml")])
            return [_FAILED % str(error).encode()]
        start_response(*held)
        return body

    def _watch(self, method: str) -> None:
        """Have moto note which bucket and object a call touches."""
        original = getattr(self._backend, method)

        @wraps(original)
        def noted(bucket_name: str, *arguments: Any, **options: Any) -> Any:
            result = original(bucket_name, *arguments, **options)
            name = options["key_name"] if "key_name" in options else (arguments or [None])[0]
            self._touched.names.add((bucket_name, name if method.endswith("object") else None))
            return result

        setattr(self._backend, method, noted)

    def _keep(self, touched: Iterable[tuple[str, str | None]]) -> None:
        """Write down how the touched objects are now; where that fails, put back how they were before."""
        if not touched:
            return
        with self._lock:
            unused: list[str] = []
            try:
                for bucket, name in touched:
                    unused += self._keep_bucket(bucket) if name is None else self._keep_object(bucket, name)
                self._index.commit()
            except (OSError, sqlite3.Error):
                self._index.rollback()
                for bucket, name in touched:
                    if name is not None:
                        self._put_back(bucket, name)
                raise
            for file in unused:
                (self._content / file).unlink(missing_ok=True)

    def _keep_bucket(self, name: str) -> list[str]:
        bucket = self._backend.buckets.get(name)
        if bucket is None:
            self._index.execute("DELETE FROM bucket WHERE name = ?", (name,))
        else:
            self._index.execute("INSERT OR REPLACE INTO bucket VALUES (?, ?)", (name, bucket.region_name))
        return []

    def _keep_object(self, bucket: str, name: str) -> list[str]:
        """Write one object's bytes and row, and return the files that nothing names any more."""
        row = self._index.execute(
            "SELECT file FROM object WHERE (bucket, name) = (?, ?)", (bucket, name)
        ).fetchone()
        key = self._key(bucket, name)
        if key is None:
            self._index.execute("DELETE FROM object WHERE (bucket, name) = (?, ?)", (bucket, name))
            return [row[0]] if row else []
        with key.lock:
            if not isinstance(key._value_buffer, _OnDisk):  # noqa: SLF001 - moto has no store to plug in
                key._etag = key.etag.strip('"')  # noqa: SLF001
                key._value_buffer = self._write(key._value_buffer)  # noqa: SLF001
            file = key._value_buffer.path.name  # noqa: SLF001
        facts = {fact: getattr(key, fact) for fact in _FACTS} | {"metadata": dict(key.metadata)}
        values = (bucket, name, file, key.last_modified.isoformat(), json.dumps(facts))
        self._index.execute("INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?)", values)
        return [row[0]] if row and row[0] != file else []

    def _write(self, buffer: Any) -> _OnDisk:
        path = self._content / uuid.uuid4().hex
        buffer.seek(0)
        with path.open("wb") as file:
            shutil.copyfileobj(buffer, file, 2**20)
        buffer.close()
        return _OnDisk(path)

    def _put_back(self, bucket: str, name: str) -> None:
        if self._key(bucket, name) is not None:
            self._backend.buckets[bucket].keys.pop(name)
        row = self._index.execute(
            "SELECT * FROM object WHERE (bucket, name) = (?, ?)", (bucket, name)
        ).fetchone()
        if row:
            self._put_into_memory(*row)

    def _key(self, bucket: str, name: str) -> Any:
        """Return moto's key of an object, None where there is none or a delete marker is the latest."""
        found = self._backend.buckets[bucket].keys.get(name) if bucket in self._backend.buckets else None
        return found if hasattr(found, "_value_buffer") else None

    def _put_into_memory(self, bucket: str, name: str, file: str, modified: str, facts: str) -> None:
        from moto.s3.models import FakeKey

        known = json.loads(facts)
        backend = self._backend
        key: Any = FakeKey(
            name, b"", backend.account_id, backend.region_name, bucket_name=bucket, version_id="null"
        )
        key._value_buffer.close()  # noqa: SLF001 - see _keep_object
        key._value_buffer = _OnDisk(self._content / file)  # noqa: SLF001
        key.last_modified = dt.datetime.fromisoformat(modified)
        key.set_metadata(known.pop("metadata"))
        for fact, value in known.items():
            setattr(key, fact, value)
        backend.buckets[bucket].keys.setlist(name, [key])
