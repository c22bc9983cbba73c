"""What the worker asks of the lake; :class:`featuremart.lake.store.ObjectStore` is it on S3."""

from __future__ import annotations

from typing import Protocol


class Objects(Protocol):
    """Objects by key: read whole, written whole."""

    def get(self, key: str) -> bytes:
        """Read an object; :class:`~featuremart.lake.store.ObjectMissing` where there is none."""
        ...

    def find(self, key: str) -> bytes | None:
        """Read an object, None where there is none."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what was there."""
        ...

    def put_new(self, key: str, data: bytes) -> bool:
        """Write an object where none is; False where one is."""
        ...
