"""What ``mart connect`` prints: how to reach an environment's mart from other programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.errors import UsageError

if TYPE_CHECKING:
    from featuremart.config.settings import Environment


@dataclass(frozen=True)
class Way:
    """One way to reach the mart.

    Parameters
    ----------
    title
        What it is for.
    text
        What to type, run or fill in.
    """

    title: str
    text: str


def ways(environment: Environment) -> dict[str, Way]:
    """Return the ways to reach an environment's mart, by their short names.

    Raises
    ------
    UsageError
        Where it is a local one whose servers are down: their address is not known.
    """
    endpoint = environment.endpoints.bigquery
    if environment.is_local and endpoint is None:
        raise UsageError("the servers of the local environment are not running", next_command="mart up")
    return {
        "python": Way(
            "Python (pip install google-cloud-bigquery pandas pyarrow db-dtypes)",
            _python_here(environment, endpoint) if endpoint else _python(environment),
        ),
        "bq": Way("The bq command", _bq(environment, endpoint)),
        "bi": Way("A BI tool", _bi_here(environment, endpoint) if endpoint else _bi(environment)),
    }


def _question(environment: Environment) -> str:
    """Return a query that answers in every mart, to be shown."""
    view = f"{environment.mart_dataset}.mart_partitions_current"
    return f"SELECT table_name, COUNT(*) AS days, SUM(row_count) AS row_count FROM {view} GROUP BY table_name"  # noqa: S608 - names of mart.toml


def _python(environment: Environment) -> str:
    return f"""from google.cloud import bigquery

client = bigquery.Client(project="{environment.gcp_project}", location="{environment.gcp_location}")
limit = bigquery.QueryJobConfig(maximum_bytes_billed={environment.max_bytes_billed})
rows = client.query("{_question(environment)}", job_config=limit).result()
for row in rows:  # rows.to_dataframe() makes a pandas DataFrame
    print(dict(row))"""


def _python_here(environment: Environment, endpoint: str) -> str:
    return f"""from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

client = bigquery.Client(
    project="{environment.gcp_project}",
    credentials=AnonymousCredentials(),
    client_options=ClientOptions(api_endpoint="{endpoint}"),
)
rows = client.query("{_question(environment)}").result()
for row in rows:  # rows.to_dataframe(create_bqstorage_client=False) makes a pandas DataFrame
    print(dict(row))"""


def _bq(environment: Environment, endpoint: str | None) -> str:
    api = f"--api={endpoint} " if endpoint else ""
    limit = "" if endpoint else f" --maximum_bytes_billed={environment.max_bytes_billed}"
    return (
        f"bq {api}--project_id={environment.gcp_project} --location={environment.gcp_location} query "
        f"--use_legacy_sql=false{limit} '{_question(environment)}'"
    )


def _bi(environment: Environment) -> str:
    return f"""Looker Studio, Tableau, Power BI, Metabase: their BigQuery connector, with
  project   {environment.gcp_project}   (it pays for the queries)
  dataset   {environment.mart_dataset}
JDBC: jdbc:bigquery://https://www.googleapis.com/bigquery/v2:443;ProjectId={environment.gcp_project};\
DefaultDataset={environment.mart_dataset};OAuthType=3;MaximumBytesBilled={environment.max_bytes_billed}
Needs the roles BigQuery Data Viewer on the dataset and BigQuery Job User on the project."""


def _bi_here(environment: Environment, endpoint: str) -> str:
    return f"""Tools that let their BigQuery connector call another address can use
  address   {endpoint}   (no credentials)
  project   {environment.gcp_project}
  dataset   {environment.mart_dataset}
All others read files: mart query "SELECT ..." --format parquet --output FILE"""
