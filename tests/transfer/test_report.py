"""Reports: what is read, and how a wrong one is refused."""

from __future__ import annotations

import json

import pytest

from featuremart.errors import WorkFailed
from featuremart.transfer.report import parse_extract, parse_load

EXTRACT = {
    "format": 1,
    "columns": [{"name": "tailnum", "type": "STRING", "required": True}],
    "partitions": [
        {
            "partition": "2013-01-01",
            "rows": 842,
            "content_checksum": "a" * 64,
            "objects": [{"key": "raw/x/part-0-0.arrow", "size": 10, "sha256": "b" * 64, "rows": 842}],
        }
    ],
    "extracted_at": "2026-01-02T03:04:05.678Z",
    "bytes_billed": 10485760,
}
LOAD = {"format": 1, "table": "p.d.t", "rows": 3, "partitions": [{"partition": "2013-01-01", "rows": 3}]}


def test_reports_are_read():
    report = parse_extract(json.dumps(EXTRACT).encode(), key="k")
    assert (report.partitions[0].rows, report.partitions[0].objects[0].key) == (842, "raw/x/part-0-0.arrow")
    assert report.extracted_at.isoformat() == "2026-01-02T03:04:05.678000+00:00"
    loaded = parse_load(json.dumps(LOAD).encode(), key="k")
    assert (loaded.table, loaded.rows, loaded.partitions[0].partition) == ("p.d.t", 3, "2013-01-01")


@pytest.mark.parametrize(
    ("parse", "document", "words"),
    [
        (parse_extract, EXTRACT | {"format": 2}, "format"),
        (parse_extract, EXTRACT | {"surprise": 1}, "surprise"),
        (
            parse_extract,
            {name: value for name, value in EXTRACT.items() if name != "partitions"},
            "partitions",
        ),
        (parse_load, LOAD | {"rows": -1}, "rows"),
        (parse_load, LOAD | {"table": None}, "table"),
    ],
)
def test_another_report_is_refused_and_the_image_named_as_the_cause(parse, document, words):
    with pytest.raises(WorkFailed, match=f"k is no report of format 1: {words}") as caught:
        parse(json.dumps(document).encode(), key="k")
    assert caught.value.next_command == "mart images"


def test_what_is_no_json_is_refused():
    with pytest.raises(WorkFailed, match="k is no report"):
        parse_load(b"<html>", key="k")
