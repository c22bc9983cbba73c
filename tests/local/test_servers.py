"""Up, down, and every state that a crash leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import urllib3

from featuremart.cli.main import invoke
from featuremart.config import clients
from featuremart.config.settings import load_settings
from featuremart.errors import UsageError, WorkFailed
from featuremart.local import processes, servers
from featuremart.local.home import Home

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture
def settings(tmp_path):
    """Return the settings of a repository without servers; those that a test starts are stopped."""
    shutil.copy(REPOSITORY / "mart.toml", tmp_path)
    made = load_settings(tmp_path)
    yield made
    servers.down(made)
    assert left_running(made) == []


def left_running(settings):
    home = Home.of(settings, settings.environment())
    named = [process for process, _ in processes.with_words(("--home", str(home.folder)))]
    return named + list(processes.of_task(home.folder))


def pids(settings):
    return {server.name: server.pid for server in servers.status(settings)}


def states(settings):
    return {server.name: server.state for server in servers.status(settings)}


def ports(settings):
    return {server.name: server.ports for server in servers.status(settings)}


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    psutil.Process(pid).wait(10)


def test_up_takes_less_than_ten_seconds_and_twice_changes_nothing(settings):
    began = time.monotonic()
    environment = servers.up(settings)
    assert time.monotonic() - began < 10
    before = pids(settings)
    said = []

    assert servers.up(settings, say=said.append) == environment

    assert pids(settings) == before
    assert said == []
    assert states(settings) == {"aws": "running", "bigquery": "running", "ecs": "running"}
    assert settings.environment() == environment, "the file says what up said"


def test_up_furnishes_what_every_environment_has_and_new_models_too(settings):
    environment = servers.up(settings)
    ecs = clients.ecs(environment)
    assert ecs.describe_clusters(clusters=[environment.cluster])["clusters"][0]["status"] == "ACTIVE"
    assert families(ecs) == {"featuremart-embulk": 1}

    (settings.root / "features" / "price").mkdir(parents=True)
    (settings.root / "features" / "price" / "__init__.py").touch()
    servers.up(settings)
    servers.up(settings)

    assert families(ecs) == {"featuremart-embulk": 1, "featuremart-worker-price": 1}
    definition = ecs.describe_task_definition(taskDefinition="featuremart-worker-price")["taskDefinition"]
    [container] = definition["containerDefinitions"]
    assert (container["name"], container["image"]) == ("main", "worker-price")
    groups = clients.logs(environment).describe_log_groups()["logGroups"]
    assert {group["logGroupName"] for group in groups} == {
        "/featuremart/featuremart-embulk",
        "/featuremart/featuremart-worker-price",
    }


def families(ecs):
    found = [arn.rpartition("/")[2].split(":") for arn in ecs.list_task_definitions()["taskDefinitionArns"]]
    return {family: int(revision) for family, revision in found}


def query(environment, sql):
    url = f"{environment.endpoints.bigquery}/bigquery/v2/projects/{environment.gcp_project}/queries"
    answer = urllib3.request("POST", url, json={"query": sql, "useLegacySql": False}).json()
    assert answer.get("jobComplete"), answer
    return [[cell["v"] for cell in row["f"]] for row in answer.get("rows", [])]


def test_lake_and_warehouse_are_there_after_down_and_up(settings):
    environment = servers.up(settings)
    clients.s3(environment).put_object(Bucket=environment.bucket, Key="raw/x", Body=b"kept")
    query(environment, "CREATE TABLE warehouse.kept AS SELECT 1 AS one")
    before = ports(settings)

    servers.down(settings)

    assert left_running(settings) == []
    assert states(settings) == dict.fromkeys(("aws", "bigquery", "ecs"), "stopped")
    with pytest.raises(UsageError, match="not running") as refused:
        clients.s3(settings.environment())
    assert refused.value.next_command == "mart up"
    servers.up(settings)
    assert ports(settings) == before, "the same ports are tried again"
    assert (
        clients.s3(environment).get_object(Bucket=environment.bucket, Key="raw/x")["Body"].read() == b"kept"
    )
    assert query(environment, "SELECT one FROM warehouse.kept") == [["1"]]


def test_a_killed_server_is_started_again_and_the_others_are_left_alone(settings):
    servers.up(settings)
    before = pids(settings)
    for name in before:
        kill(before[name])
        assert states(settings)[name] == "stopped"
        servers.up(settings)
        after = pids(settings)
        assert {other for other in after if after[other] != before[other]} == {name}
        before = after


def test_a_port_that_another_program_took_is_given_up(settings):
    servers.up(settings)
    before = ports(settings)
    servers.down(settings)
    said = []
    with socket.socket() as other:
        other.bind(("127.0.0.1", before["aws"]["http"]))
        other.listen()
        environment = servers.up(settings, say=said.append)
    after = ports(settings)
    assert after["aws"] != before["aws"]
    assert after["bigquery"] == before["bigquery"]
    assert said == [
        f"aws: port {before['aws']['http']} is in use by another program; {after['aws']['http']} from now on"
    ]
    assert clients.s3(environment).list_buckets()["Buckets"], "the servers know each other's new port"
    servers.down(settings)
    servers.up(settings)
    assert ports(settings) == after


def test_a_process_that_took_over_a_number_is_not_touched(settings):
    servers.up(settings)
    servers.down(settings)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    try:
        file = settings.root / ".mart/servers.json"
        record = json.loads(file.read_text())
        for server in record["servers"].values():
            server.update(pid=bystander.pid, started=psutil.Process(bystander.pid).create_time())
        file.write_text(json.dumps(record))
        assert states(settings) == dict.fromkeys(("aws", "bigquery", "ecs"), "stopped")

        servers.up(settings)
        servers.down(settings)

        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("content", [None, "", "{}", '{"servers": {"aws": {"ports": {}}}}', "not JSON"])
def test_servers_that_no_file_knows_are_found_all_the_same(settings, content):
    servers.up(settings)
    file = settings.root / ".mart/servers.json"
    if content is None:
        file.unlink()
    else:
        file.write_text(content)

    servers.down(settings)

    assert left_running(settings) == []


def test_a_half_started_environment_is_completed(settings):
    servers.up(settings)
    (settings.root / ".mart/servers.json").unlink()
    before = left_running(settings)

    environment = servers.up(settings)

    after = left_running(settings)
    assert len(after) == 3
    assert not set(after) & set(before)
    assert query(environment, "SELECT 1") == [["1"]]


def test_two_at_once_start_one_environment(settings):
    line = [sys.executable, "-c", "from featuremart.cli.main import main; main()", "up"]
    both = [
        subprocess.Popen(line, cwd=settings.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert len(left_running(settings)) == 3
    assert any("waiting for it" in output for output in outputs)


def test_a_server_that_does_not_start_shows_the_end_of_its_log(settings, capsys, monkeypatch):
    (settings.root / ".mart/bigquery").mkdir(parents=True)
    (settings.root / ".mart/bigquery/bqemulator.duckdb").write_bytes(b"this is no database" * 1000)
    monkeypatch.chdir(settings.root)

    assert invoke(["up"]) == 1

    shown = capsys.readouterr().err
    assert "the bigquery server does not start" in shown
    assert "not a valid DuckDB database file" in shown
    assert "next: less" in shown
    assert "Traceback (most recent call last):\n  File" not in shown.partition("the end of its log")[0]
    with pytest.raises(UsageError, match="not running"):
        clients.s3(settings.environment())


def test_down_after_a_crash_stops_the_tasks_too(settings, tmp_path):
    environment = servers.up(settings)
    (tmp_path / ".mart/embulk").mkdir()
    (tmp_path / ".mart/embulk/command.json").write_text(json.dumps(["/bin/sh", "-c"]))
    clients.ecs(environment).run_task(
        cluster=environment.cluster,
        taskDefinition="featuremart-embulk",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-local"]}},
        overrides={"containerOverrides": [{"name": "main", "command": ["setsid sleep 1000"]}]},
    )
    before = pids(settings)
    for pid in before.values():
        kill(pid)

    servers.down(settings)

    assert left_running(settings) == []


def test_down_can_be_repeated_and_needs_nothing(settings):
    servers.down(settings)
    servers.down(settings)
    assert not (settings.root / ".mart").exists()


def test_servers_whose_folder_was_removed_are_stopped_and_made_anew(settings):
    servers.up(settings)
    shutil.rmtree(settings.root / ".mart")
    environment = servers.up(settings)
    assert len(left_running(settings)) == 3
    assert query(environment, "SELECT 1") == [["1"]]

    shutil.rmtree(settings.root / ".mart")
    servers.down(settings)
    assert left_running(settings) == []


def test_a_folder_that_cannot_be_written_is_said(settings):
    (settings.root / ".mart").write_text("a file where the folder should be")
    with pytest.raises(WorkFailed, match=r"cannot be written: (Not a directory|File exists)") as failed:
        servers.up(settings)
    assert failed.value.next_command.startswith("df -h")
    (settings.root / ".mart").unlink()


def on_a_full_disk(command, settings):
    """Run a command that can write no byte to any file."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0));"
        f"from featuremart.cli.main import invoke; sys.exit(invoke([{command!r}]))"
    )
    line = [sys.executable, "-c", code]
    return subprocess.run(line, cwd=settings.root, capture_output=True, text=True, check=False)


def test_a_full_disk_is_said(settings):
    done = on_a_full_disk("up", settings)
    assert done.returncode == 1
    assert "cannot be written: File too large" in done.stderr
    assert "next: df -h" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_packages_are_named(settings, monkeypatch):
    monkeypatch.setattr(servers, "_NEEDED", ("psutil", "not_installed_here"))
    with pytest.raises(UsageError, match="not installed: not_installed_here") as refused:
        servers.up(settings)
    assert refused.value.next_command == "pip install 'featuremart[local]'"


def test_down_stops_the_servers_on_a_full_disk_too(settings):
    servers.up(settings)
    done = on_a_full_disk("down", settings)
    assert done.returncode == 1
    assert "servers.json cannot be written: File too large" in done.stderr
    assert left_running(settings) == []


def test_an_environment_in_the_cloud_has_no_servers(settings):
    with pytest.raises(UsageError, match="in the cloud"):
        servers.up(settings, "production")


def test_up_loads_no_library_of_the_data(settings):
    code = (
        "import sys; from featuremart.cli.main import invoke; code = invoke(['up']);"
        "loaded = {'pandas', 'numpy', 'pyarrow', 'google.cloud', 'moto', 'duckdb'} & set(sys.modules);"
        "sys.exit(f'{code} {loaded}' if code or loaded else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_servers_are_shown_to_people_and_to_programs(settings, capsys, monkeypatch):
    monkeypatch.chdir(settings.root)
    assert invoke(["servers"]) == 0
    assert "next: mart up" in capsys.readouterr().out
    servers.up(settings)

    assert invoke(["servers", "--json"]) == 0
    shown = {server["name"]: server for server in json.loads(capsys.readouterr().out)}
    assert set(shown) == {"aws", "bigquery", "ecs"}
    for name, pid in pids(settings).items():
        assert shown[name]["pid"] == pid
        assert shown[name]["memory_bytes"] > 2**20
        assert shown[name]["endpoint"].startswith("http://127.0.0.1:")

    assert invoke(["servers"]) == 0
    table = capsys.readouterr().out
    for server in shown.values():
        assert server["endpoint"] in table
        assert server["log"] in table

    assert invoke(["down"]) == 0
    assert left_running(settings) == []
