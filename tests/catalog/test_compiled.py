"""Keeping compiled code: made once, whole, by and for this user only. A tiny module stands for the analyser's."""

from __future__ import annotations

import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

import pytest
from wasmtime import Config, Engine, Instance, Store, wat2wasm

from featuremart.catalog.compiled import cache_folder, load_module
from featuremart.errors import UsageError

VERSION = "1.0"


@pytest.fixture
def wasm(tmp_path):
    path = tmp_path / "tiny.wasm"
    path.write_bytes(wat2wasm('(module (func (export "answer") (result i32) i32.const 42))'))
    return path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "featuremart"


class Loader:
    """Loads the module and counts how often it was compiled."""

    def __init__(self, wasm, folder):
        self.wasm = wasm
        self.folder = folder
        self.said = []

    def __call__(self, version=VERSION):
        engine = Engine(Config())
        module = load_module(engine, self.wasm, version, self.folder, self.said.append)
        store = Store(engine)
        assert Instance(store, module, []).exports(store)["answer"](store) == 42

    @property
    def kept(self):
        return sorted(self.folder.glob("*.cwasm"))


@pytest.fixture
def load(wasm, folder):
    return Loader(wasm, folder)


def test_it_is_compiled_once_and_says_so_before(load):
    load()
    load()

    assert len(load.said) == 1
    assert "half a minute" in load.said[0]
    assert len(load.kept) == 1


def test_another_version_is_another_file(load):
    load("1.0")
    load("2.0")
    load("1.0")

    assert len(load.said) == 2
    assert len(load.kept) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda _: b"",
        lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
        lambda content: content + b"more",
    ],
    ids=["cut", "empty", "a bit flipped", "longer"],
)
def test_a_damaged_file_is_not_run_but_made_again(load, damage):
    load()
    path = load.kept[0]
    path.write_bytes(damage(path.read_bytes()))

    load()
    load()

    assert len(load.said) == 2
    assert len(load.kept) == 1


def test_a_file_that_others_could_have_written_is_not_run(load):
    load()
    load.kept[0].chmod(0o666)

    load()

    assert len(load.said) == 2
    assert load.kept[0].stat().st_mode & 0o077 == 0


def test_a_link_to_elsewhere_is_not_followed(load, tmp_path):
    load()
    path = load.kept[0]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")

    load()

    assert len(load.said) == 2
    assert not load.kept[0].is_symlink()


def test_code_for_an_engine_with_other_settings_is_made_again(load, wasm, folder):
    load()
    config = Config()
    config.consume_fuel = True
    said = []

    load_module(Engine(config), wasm, VERSION, folder, said.append)

    assert len(said) == 1


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o702])
def test_a_folder_that_others_may_write_into_is_refused(load, mode):
    load.folder.mkdir(parents=True)
    load.folder.chmod(mode)

    with pytest.raises(UsageError, match="others may write into the cache folder") as caught:
        load()

    assert "chmod go-w" in caught.value.next_command
    assert load.said == []


def test_a_folder_that_cannot_be_made_is_told_with_a_way_out(load):
    load.folder.parent.write_text("a file in the way")

    with pytest.raises(UsageError, match="cannot be made") as caught:
        load()

    assert "XDG_CACHE_HOME" in caught.value.next_command


def test_where_it_cannot_be_written_whole_nothing_is_left(load):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # as on a full disk
    try:
        with pytest.raises(UsageError, match="cannot be kept") as caught:
            load()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert "make room" in caught.value.next_command
    assert [path.suffix for path in load.folder.iterdir()] == [".lock"]


def test_threads_and_processes_that_begin_together_compile_once(load, wasm, folder):
    code = dedent(f"""
        from pathlib import Path
        from wasmtime import Config, Engine
        from featuremart.catalog.compiled import load_module
        load_module(Engine(Config()), Path({str(wasm)!r}), {VERSION!r}, Path({str(folder)!r}), print)
    """)
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: load(), range(3)))
    lines = [process.communicate(timeout=60)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len([line for line in lines if line]) + len(load.said) == 1
    assert len(load.kept) == 1


def test_the_cache_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache_folder() == tmp_path / ".cache" / "featuremart"

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert cache_folder() == tmp_path / "other" / "featuremart"
