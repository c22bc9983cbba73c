"""A repository whose mart holds something, for the commands that read it."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.cloud import bigquery

from featuremart.catalog import load
from featuremart.cli.main import invoke
from featuremart.config import clients
from featuremart.config.settings import load_settings
from featuremart.mart.publish import Publication, StagedPartition, publish
from featuremart.mart.rest import Rest
from featuremart.steps.describe_table import mart_table

REPOSITORY = Path(__file__).parent.parent.parent
NUMBERS = itertools.count(1)
TODAY = dt.date(2026, 3, 1)


@dataclass
class PublishedMart:
    """A copy of this repository's declarations, with a mart of its own on the session's servers."""

    root: Path
    client: bigquery.Client
    rest: Rest

    @property
    def dataset(self):
        return self.rest.environment.mart_dataset

    def spec(self, name):
        return load(self.root).table(name)

    def publish(self, name, *days, fingerprint="f1", profile=None):
        """Publish partitions of a feature table: ``(day or None, rows)``, whose missing features are NULL."""
        catalog = load(self.root)
        spec = catalog.table(name)
        table = mart_table(spec, catalog.source(spec.source))
        staged = [
            StagedPartition(day, fingerprint, len(rows), self.stage(spec, rows), "m", profile)
            for day, rows in days
        ]
        publication = Publication(table, tuple(staged), spec.code_fingerprint, "run-1", "a1", "abc")
        return publish(self.client, self.rest, publication, today=TODAY)

    def stage(self, spec, rows):
        staging = f"{self.client.project}.{self.rest.environment.staging_dataset}.staged_{next(NUMBERS)}"
        fields = [bigquery.SchemaField(column.name, str(column.type)) for column in spec.output_columns]
        self.client.create_table(bigquery.Table(staging, schema=fields))
        config = bigquery.LoadJobConfig(schema=fields)
        self.client.load_table_from_json(rows, staging, job_config=config).result()
        return staging


def carriers(day, *names):
    return [
        {
            "partition_day": day,
            "carrier": name,
            "available_at": f"{day}T23:00:00Z",
            "flight_count": 10 + number,
            "late_rate": None if number else 0.25,
        }
        for number, name in enumerate(names)
    ]


@pytest.fixture(scope="module")
def published(environment, local_settings, tmp_path_factory):
    """Return a :class:`PublishedMart` that holds two days of carrier_history and the aircraft."""
    root = tmp_path_factory.mktemp("analyst")
    for folder in ("features", "embulk/sources", "embulk/warehouse"):
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    number = next(NUMBERS)
    text = (
        (REPOSITORY / "mart.toml")
        .read_text("utf-8")
        .replace('mart_dataset = "mart"', f'mart_dataset = "analyst_{number}"')
    )
    text = text.replace('"mart_staging"', f'"analyst_staging_{number}"')
    (root / "mart.toml").write_text(text, "utf-8")
    (root / ".mart").symlink_to(local_settings.root / ".mart")
    own = load_settings(root).environment("local")
    assert own.endpoints == environment.endpoints
    with clients.bigquery(own) as client:
        for dataset in (own.mart_dataset, own.staging_dataset):
            client.create_dataset(dataset)
        made = PublishedMart(root, client, Rest(own))
        profile = {"count": 1, "nulls": 1, "distinct": 1, "quantiles": {"0": 0.25, "1": 0.25}}
        made.publish(
            "flight_delay.carrier_history",
            (dt.date(2013, 1, 1), carriers("2013-01-01", "AA", "UA")),
            (dt.date(2013, 1, 2), carriers("2013-01-02", "AA")),
            profile=json.dumps({"features": {"late_rate": profile}}).encode(),
        )
        plane = {"tailnum": "N1", "available_at": "2013-01-01T00:00:00Z", "maker": "NULL"}
        made.publish("flight_delay.aircraft", (None, [plane]))
        yield made
        for dataset in (own.mart_dataset, own.staging_dataset):
            client.delete_dataset(dataset, delete_contents=True)


@pytest.fixture
def run_mart(published, monkeypatch, capsys):
    """Return a function that runs one command in that repository: exit code, standard output, standard error."""
    monkeypatch.setenv("MART_ROOT", str(published.root))

    def run(*words):
        code = invoke([word.replace("mart.", f"{published.dataset}.") for word in words])
        return code, *capsys.readouterr()

    return run
