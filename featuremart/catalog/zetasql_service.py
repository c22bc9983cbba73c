"""The GoogleSQL analyser itself: Google's C++ code as WebAssembly, asked by protocol buffers.

The ``zetasql`` package brings the WebAssembly and the messages. Its own client is not used: it compiles at every
start (half a minute), imports a megabyte of generated wrappers and copies memory byte by byte.
"""

from __future__ import annotations

import ctypes
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from featuremart.catalog.compiled import cache_folder, load_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Answer = TypeVar("Answer")

_ERROR = re.compile(
    r"Code: \d+, Message: (?P<message>.*?)(?: \[at (?P<line>\d+):(?P<column>\d+)\])?\s*", re.DOTALL
)
_SIZE = 4


class Refused(Exception):
    """The analyser refuses a query.

    Parameters
    ----------
    message
        The analyser's own words, several lines at times.
    line, column
        Where in the query, from 1; 0 where it does not say. A tab reaches to the next multiple of eight.
    """

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class Service:
    """The analyser, started. One for a process is enough.

    Parameters
    ----------
    folder
        Where its compiled code is kept: the user's cache where not given.
    announce
        Told one line before a long compilation.

    Attributes
    ----------
    starts
        How often it was started: what was registered before the last time is forgotten.
    """

    def __init__(self, folder: Path | None = None, announce: Callable[[str], None] = lambda _: None) -> None:
        from importlib.metadata import version

        from wasmtime import Config, Engine
        from zetasql.wasi import get_wasm_path

        config = Config()
        config.shared_memory = True  # what the module was built for
        self._engine = Engine(config)
        versions = f"{version('zetasql')}-wasmtime-{version('wasmtime')}"
        self._module = load_module(
            self._engine, get_wasm_path(), versions, folder or cache_folder(), announce
        )
        self.starts = 0
        self._start()

    def _start(self) -> None:
        """Make a fresh instance. Its only view of this machine are the files of the time zones."""
        from importlib.resources import as_file, files

        from wasmtime import Linker, Store, WasiConfig

        wasi = WasiConfig()
        with as_file(files("tzdata") / "zoneinfo") as zones:
            wasi.preopen_dir(str(zones), "/usr/share/zoneinfo")
        self._store = Store(self._engine)
        self._store.set_wasi(wasi)
        linker = Linker(self._engine)
        linker.define_wasi()
        self._exports: Any = linker.instantiate(self._store, self._module).exports(self._store)
        self._run("_initialize")
        self.starts += 1

    def ask(self, method: str, request: Any, answer: Callable[[bytes], Answer]) -> Answer:
        """Call one method of the analyser's service.

        Parameters
        ----------
        method
            Its name, for example ``Analyze``.
        request
            A protocol buffer.
        answer
            Reads the answer's bytes: ``FromString`` of its protocol buffer.

        Raises
        ------
        Refused
            Where the analyser says no, or where a query is so deeply nested that it ran out of stack; it is
            started afresh then, and forgets what was registered.
        """
        from wasmtime import Trap, WasmtimeError

        try:
            return answer(self._call(f"ZetaSqlLocalService_{method}", request.SerializeToString()))
        except (Trap, WasmtimeError) as error:
            self._start()
            raise Refused("the query is nested too deeply for the analyser", 0, 0) from error

    def _call(self, function: str, data: bytes) -> bytes:
        request = self._run("wasm_malloc", max(len(data), 1))
        size = self._run("wasm_malloc", _SIZE)
        ctypes.memmove(self._address(request), data, len(data))
        answer = self._run(function, request, len(data), size)
        found = self._bytes(answer, int.from_bytes(self._bytes(size, _SIZE), "little")) if answer else b""
        for pointer in (answer, request, size):
            self._run("wasm_free", pointer)
        if not answer:
            length, text = self._run("wasm_get_last_error_size"), self._run("wasm_get_last_error")
            raise _refusal(self._bytes(text, length).decode(errors="replace"))
        return found

    def _run(self, function: str, *arguments: int) -> int:
        result: int = self._exports[function](self._store, *arguments)
        return result

    def _address(self, pointer: int) -> int:
        memory = self._exports["memory"]
        return ctypes.addressof(memory.data_ptr().contents) + pointer

    def _bytes(self, pointer: int, length: int) -> bytes:
        return ctypes.string_at(self._address(pointer), length)

    @cached_property
    def language(self) -> Any:
        """The options of the language: all that is released, with BigQuery's names of types."""
        from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages
        from zetasql.wasi._pb2.zetasql.proto import options_pb2
        from zetasql.wasi._pb2.zetasql.public import options_pb2 as public

        request = messages.LanguageOptionsRequest(maximum_features=True)
        options = self.ask("GetLanguageOptions", request, options_pb2.LanguageOptionsProto.FromString)
        options.product_mode = public.PRODUCT_EXTERNAL
        return options


def _refusal(text: str) -> Refused:
    match = _ERROR.fullmatch(text)
    if match is None:
        return Refused(text, 0, 0)
    return Refused(match["message"], int(match["line"] or 0), int(match["column"] or 0))
