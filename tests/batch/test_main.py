"""The worker as a process of its own, against a real S3 endpoint."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import uuid
from dataclasses import dataclass, replace

import boto3
import pytest
from moto.server import ThreadedMotoServer

from featuremart.batch import __main__ as entry
from featuremart.batch.request import BatchResult
from featuremart.catalog.fingerprint import python_fingerprint
from featuremart.errors import TransientError
from featuremart.lake.store import ObjectStore, sha256_hex

pytestmark = pytest.mark.slow

DAYS = [f"2013-01-{n:02}" for n in range(1, 13)]
REQUEST = "runs/run-1/+transform/attempt-1/request.json"
PACKAGE = """
from featuremart import Model

model = Model(owner="demo@example.com", predicts="nothing")
"""
MODULE = '''
"""A table."""

from __future__ import annotations

import pandas as pd

from featuremart import FeatureTable

table = FeatureTable(source="flights", keys=["flight_id"], event_time="departure")


def miles(distance: pd.Series) -> pd.Series[float]:
    """Miles.

    Why:
        Long flights catch up.
    Tendency:
        2 minutes per 1000 miles.
    """
    return _scaled(distance)


def _scaled(values):
    return values * 1.6
'''


def miles(distance):
    return distance * 1.6


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@dataclass
class Site:
    """A repository with one table, a lake on a real endpoint, and what the worker needs to know."""

    demo: object
    lake: object
    root: object
    env: dict

    def write(self, body=MODULE, package=PACKAGE):
        folder = self.root / "features" / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text(package)
        (folder / "table.py").write_text(textwrap.dedent(body))
        self.table = replace(
            self.demo.table("row", [miles]), python_fingerprint=python_fingerprint(self.root, "demo", "table")
        )

    def ask(self, labels, **changes):
        request = self.lake.request(self.table, labels, bucket=self.lake.store.bucket, **changes)
        self.lake.store.put(REQUEST, request.to_json())

    @property
    def command(self):
        return [sys.executable, "-m", "featuremart.batch", self.lake.store.uri(REQUEST)]

    def run(self, *, command=None, **options):
        environment = {**self.env, **options.pop("env", {})}
        return subprocess.run(
            command or self.command,
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )

    def start(self):
        return subprocess.Popen(
            self.command,
            cwd=self.root,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def result(self):
        return BatchResult.model_validate_json(self.lake.store.get(REQUEST.replace("request", "result")))

    def outputs(self):
        """Return the bytes of every finished partition; each must be what its manifest says."""
        found = {}
        for key in self.lake.store.list("features/"):
            if key.endswith("manifest.json"):
                manifest = json.loads(self.lake.store.get(key))
                [item] = manifest["objects"]
                data = self.lake.store.get(item["key"])
                assert sha256_hex(data) == item["sha256"]
                found[manifest["partition"]] = data
        return found


@pytest.fixture
def site(demo, endpoint, tmp_path):
    bucket = f"lake-{uuid.uuid4().hex[:12]}"
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
    client = boto3.session.Session(**keys).client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=bucket)
    lake = demo.Lake(store=ObjectStore(client, bucket))
    for number, day in enumerate(DAYS):
        lake.add("flights", day, [demo.flight(10 * number + n, f"{day} 0{n}:30") for n in range(5)])
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "COV_"))
    }
    env |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    site = Site(demo, lake, tmp_path / "repository", env)
    site.write()
    return site


def test_it_computes_and_tells_how_it_ended(site):
    site.ask(DAYS[:2])
    ended = site.run()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = ended.stdout.splitlines()
    assert (
        lines[0] == "demo.table: 2 partitions, 2013-01-01 to 2013-01-02 (run run-1, attempt attempt-1, abc)"
    )
    assert sorted(line.partition(",")[0] for line in lines[1:3]) == [
        f"demo.table {day}: 5 rows" for day in DAYS[:2]
    ]
    assert lines[3].startswith("done: 2 partitions, 10 rows, ")
    assert ended.stderr == ""
    assert "local" not in ended.stdout
    result = site.result
    assert result.exit_code == 0
    assert [(done.partition, done.rows, done.made) for done in result.done] == [
        (day, 5, True) for day in DAYS[:2]
    ]
    assert 0 < result.seconds < 60
    assert result.import_seconds > 0.1
    assert result.peak_memory > 50_000_000
    assert set(site.outputs()) == set(DAYS[:2])


def test_it_needs_neither_warehouse_nor_scheduler_nor_command_line(site):
    """What a model's image lacks is blocked here."""
    site.ask(DAYS[:1])
    program = """
        import runpy, sys
        ABSENT = {"google", "grpc", "click", "rich", "sqlglot", "zetasql", "ruamel", "filelock", "quickjs", "moto", "psutil"}
        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ABSENT:
                    raise ModuleNotFoundError(f"No module named {name!r}")
        sys.meta_path.insert(0, Absent())
        runpy.run_module("featuremart.batch", run_name="__main__", alter_sys=True)
    """
    ended = site.run(command=[sys.executable, "-c", textwrap.dedent(program), site.lake.store.uri(REQUEST)])
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_memory_is_the_systems_own():
    """Arrow decides on its allocator when it is imported: the worker must have said so before."""
    program = """
        import sys
        from featuremart.batch.__main__ import hold_little
        assert "pyarrow" not in sys.modules
        hold_little()
        import pyarrow
        print(pyarrow.default_memory_pool().backend_name)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "system\n"


def test_the_hash_seed_changes_no_byte(site):
    found = []
    for seed in ("0", "1"):
        site.ask(DAYS[:1], partitions=[{"partition": DAYS[0], "fingerprint": seed * 16}])
        assert site.run(env={"PYTHONHASHSEED": seed}).returncode == 0
        found.append(site.outputs()[DAYS[0]])
    assert found[0] == found[1]


def test_it_needs_no_disk(site, tmp_path):
    """Nothing can be written to any file: no full disk can harm a worker."""
    site.ask(DAYS[:2])
    env = {"TMPDIR": str(tmp_path / "absent"), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = site.run(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)), env=env)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert set(site.outputs()) == set(DAYS[:2])


@pytest.mark.parametrize("arguments", [[], ["--help"], ["request.json"], ["s3://bucket/a", "s3://bucket/b"]])
def test_usage(site, arguments):
    ended = site.run(command=[sys.executable, "-m", "featuremart.batch", *arguments])
    assert ended.returncode == 2
    assert "usage: python -m featuremart.batch s3://" in ended.stdout


def test_a_request_that_is_not_there(site):
    ended = site.run()
    assert ended.returncode == 1
    assert f"{REQUEST} does not exist" in ended.stdout


def test_a_request_of_another_version(site):
    site.lake.store.put(REQUEST, b'{"format": 2}')
    ended = site.run()
    assert ended.returncode == 2
    assert "is no batch request of format 1" in ended.stdout
    assert site.result.next_command == "mart images"


def test_an_image_of_another_revision(site):
    site.ask(DAYS[:1])
    site.write(MODULE.replace("1.6", "1.7"))
    ended = site.run()
    assert ended.returncode == 2
    assert "the worker's demo.table is not the code that was planned" in ended.stdout
    assert (site.result.exit_code, site.result.next_command) == (2, "mart images")
    assert not site.outputs()


def test_a_module_that_cannot_be_imported(site):
    site.write(MODULE.replace("import pandas as pd", "import pandas as pd\nimport absent_library"))
    site.ask(DAYS[:1])
    ended = site.run()
    assert ended.returncode == 2
    assert (
        "features/demo/table.py:7: features.demo.table cannot be imported: ModuleNotFoundError"
        in ended.stdout
    )
    assert "features/demo/requirements.in" in site.result.next_command


def test_a_function_that_raises_is_told_by_the_line_that_did(site):
    site.write(MODULE.replace("return values * 1.6", "return values.loc['nowhere']"))
    site.ask(DAYS[:2])
    ended = site.run()
    assert ended.returncode == 1
    line = 1 + (site.root / "features/demo/table.py").read_text().splitlines().index(
        "    return values.loc['nowhere']"
    )
    expected = (
        f"features/demo/table.py:{line}: demo.table, partition 2013-01-01, feature miles: it raised KeyError"
    )
    assert expected in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    assert site.result.where == f"features/demo/table.py:{line}"
    assert (
        site.result.next_command
        == f"edit features/demo/table.py:{line}, then mart transform demo.table --date 2013-01-01"
    )
    assert not site.outputs()


SLOW = MODULE.replace(
    "    return values * 1.6", "    while values.max() > 115:\n        pass\n    return values * 1.6"
)


def until(process, text):
    """Read the log up to a line that holds some text."""
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"{text!r} was never told")


def test_sigterm_stops_it_promptly_and_leaves_no_half(site):
    site.write(SLOW)
    site.ask(DAYS)
    process = site.start()
    try:
        until(process, "demo.table 2013-01-02: 5 rows")
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 75
    assert "failed with 2 partitions done: the worker was told to stop (SIGTERM)" in rest
    assert site.result.exit_code == 75
    assert [done.partition for done in site.result.done] == DAYS[:2]
    assert set(site.outputs()) == set(DAYS[:2])


def test_what_a_killed_worker_left_is_whole_and_the_next_one_goes_on(site):
    site.write(SLOW)
    site.ask(DAYS)
    process = site.start()
    try:
        until(process, "demo.table 2013-01-01: 5 rows")
    finally:
        process.kill()
        process.communicate()
    left = site.outputs()
    assert DAYS[0] in left
    with contextlib.suppress(FileNotFoundError):
        site.write()  # the loop is mended
    site.ask(DAYS, attempt="attempt-2")
    ended = site.run()
    assert ended.returncode == 0, ended.stdout
    assert {done.partition for done in site.result.done if not done.made} == set(left)
    assert set(site.outputs()) == set(DAYS)


@pytest.mark.parametrize("call", ["put", "put_new"], ids=["between the objects", "before the manifest"])
def test_a_worker_that_is_killed_amid_writing_leaves_no_output(site, tmp_path, call):
    """Killed by itself in the real process, once its first Parquet file is in the lake."""
    site.ask(DAYS[:1])
    (tmp_path / "sitecustomize.py").write_text(
        textwrap.dedent(f"""
            import os, signal
            from featuremart.lake.store import ObjectStore
            write = ObjectStore.{call}
            def killed(self, key, data):
                if key.startswith("features/") and not key.endswith("parquet"):
                    os.kill(os.getpid(), signal.SIGKILL)
                return write(self, key, data)
            ObjectStore.{call} = killed
        """)
    )
    assert site.run(env={"PYTHONPATH": str(tmp_path)}).returncode == -signal.SIGKILL
    orphans = set(site.lake.store.list("features/"))
    assert any(key.endswith("part-0.parquet") for key in orphans)
    assert not site.outputs()
    site.ask(DAYS[:1], attempt="attempt-2")
    assert site.run().returncode == 0
    assert set(site.outputs()) == {DAYS[0]}
    [item] = site.lake.manifest(site.table, DAYS[0]).objects
    assert "/attempt-2/" in item.key


def test_an_answer_that_s3_does_not_give_is_transient(monkeypatch, capsys):
    class Away:
        def get(self, key, data=b""):
            raise TransientError(f"{key}: S3 did not answer", next_command="mart servers")

        put = get

    monkeypatch.setattr(signal, "signal", lambda number, handler: None)  # this process keeps its own
    monkeypatch.setattr(entry, "open_store", lambda bucket: Away())
    assert entry.main([f"s3://bucket/{REQUEST}"]) == 75
    assert "S3 did not answer" in capsys.readouterr().out
