"""What is appended to a task's output reaches CloudWatch Logs once, in order."""

from __future__ import annotations

import pytest

from featuremart.local.ecs.logs import LogShipper, NoLog
from featuremart.local.ecs.task import LogTarget

pytestmark = pytest.mark.slow

TARGET = LogTarget(group="/shell", stream="main/main/1", create_group=True)


@pytest.fixture
def output(tmp_path):
    file = tmp_path / "output"
    file.touch()
    return file


@pytest.fixture
def logs(aws):
    return aws.client("logs", retries={"total_max_attempts": 1})


@pytest.fixture
def shipper(logs, output):
    made = LogShipper(logs, TARGET, output)
    made.open()
    return made


def lines(logs):
    page = logs.get_log_events(logGroupName=TARGET.group, logStreamName=TARGET.stream, startFromHead=True)
    return [event["message"] for event in page["events"]]


def test_a_line_is_sent_when_it_is_whole(shipper, logs, output):
    output.write_text("one\ntw")
    shipper.ship()
    assert lines(logs) == ["one"]
    output.write_text("one\ntwo\nthr")
    shipper.ship()
    shipper.ship()
    assert lines(logs) == ["one", "two"]
    shipper.finish(within=5)
    assert lines(logs) == ["one", "two", "thr"]


def test_another_shipper_goes_on_where_the_first_was_killed(shipper, logs, output):
    output.write_text("one\n")
    shipper.ship()
    output.write_text("one\ntwo\n")
    LogShipper(logs, TARGET, output).finish(within=5)
    assert lines(logs) == ["one", "two"]


def test_what_was_not_taken_is_sent_again(shipper, logs, output, aws):
    output.write_text("one\n")
    aws.kill()
    shipper.ship()
    aws.start()
    shipper.ship()
    assert lines(logs) == ["one"]


def test_what_came_too_fast_is_not_passed_over_in_silence(shipper, logs, output):
    output.write_text("one\ntwo\n")
    shipper.finish(within=0)
    [note] = lines(logs)
    assert "the last 8 bytes came too fast" in note
    assert str(output) in note


def test_nothing_to_send_is_no_note(shipper, logs):
    shipper.finish(within=0)
    assert lines(logs) == []


def test_without_its_group_there_is_no_log(logs, output):
    with pytest.raises(NoLog, match="failed to create Cloudwatch log stream"):
        LogShipper(logs, TARGET.model_copy(update={"create_group": False}), output).open()
