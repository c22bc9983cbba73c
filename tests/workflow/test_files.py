"""What is wrong with a file is said with file, line, cause and what to do."""

from __future__ import annotations

import pytest

from featuremart.errors import ProblemsFound, UsageError, Where
from featuremart.workflow import Command, commands, find_problems, operator_problems


def refused(files) -> ProblemsFound:
    with pytest.raises(ProblemsFound) as error:
        files.load()
    return error.value


@pytest.mark.parametrize(
    ("text", "line", "cause", "instead"),
    [
        ("+a:\n\techo>: x\n", 2, "cannot start any token", "indent with spaces"),
        (
            "+a:\n  echo>: x\n+b:\n  echo>: x\n+a:\n  echo>: y\n",
            5,
            "Duplicated keys: [+a], first on line 1",
            "keep one",
        ),
        ("+a: {echo>: x, echo>: y}\n", 1, "Duplicated keys: [echo>]", "keep one"),
        ("+a:\n  ecko>: x\n", 2, "+w+a: Unknown task type: ecko", "did you mean echo?"),
        ("+a:\n  bq>: query.sql\n", 2, "+w+a: bq> is not run here, only on a Digdag server", "use `sh>`"),
        (
            "_export:\n  docker: {image: x}\n+a:\n  sh>: x\n",
            1,
            "`docker` is not honoured here",
            "leave `docker` out",
        ),
        (
            "+a:\n  loop>: 2\n  _do:\n    +b:\n      mail>: x\n",
            5,
            "+w+a^sub+b: mail> is not run here",
            "use `sh>`",
        ),
        ("+a:\n  echo>: x\n  _error:\n    http>: x\n", 4, "+w+a^error: http> is not run here", "use `sh>`"),
        (
            "sla:\n  duration: 00:10\n  +n:\n    mail>: x\n+a: {echo>: x}\n",
            4,
            "+w^sla+n: mail> is not run here",
            "use `sh>`",
        ),
        (
            "+a:\n  echo>: x\n!include : parts/nope.dig\n",
            3,
            "the included file is not there: workflows/parts/nope.dig",
            "`!include : file.yml`",
        ),
        (
            "+a:\n  echo>: x\n_export:\n  !include : config.yml\n",
            4,
            "the included file is not there",
            "did you mean confog.yml?",
        ),
        (
            "_export:\n  a: !include confog.yml\n",
            2,
            "!include stands where a value stands",
            "`!include : confog.yml`",
        ),
        ("!include : ../secret.yml\n", 1, "File name must not include ..: ../secret.yml", "move the file"),
        ("!include : w.dig\n", 1, "the file includes itself: workflows/w.dig", "include it once"),
        (
            "+a: {echo>: !python/object:os.system x}\n",
            1,
            "could not determine a constructor for the tag",
            "leave the tag out",
        ),
        ("a: &a\n  <<: *a\n", 1, "too large or endless", ""),
        ("_parallel: {limit: soon}\n+a: {echo>: x}\n", 1, "Expected integer (int) type for key 'limit'", ""),
        (
            "_parallel: true\n+a: {echo>: x, _background: true}\n",
            2,
            "invalid (unnecessary)",
            "leave `_background` out",
        ),
        (
            "timezone: Asia/Tokio\n+a: {echo>: x}\n",
            1,
            "Unknown time zone name: Asia/Tokio",
            "did you mean Asia/Tokyo",
        ),
        (
            "schedule:\n  dayly>: '03:00:00'\n+a: {echo>: x}\n",
            2,
            "Unknown scheduler type: dayly",
            "did you mean daily?",
        ),
    ],
)
def test_a_wrong_file_is_refused_at_its_line(files, text: str, line: int, cause: str, instead: str) -> None:
    files.write(text)
    files.write("a: 1\n", "confog.yml")

    error = refused(files)

    problem = error.problems[0]
    assert problem.where == Where("workflows/w.dig", line)
    assert cause in problem.message
    assert instead in problem.instead
    assert error.exit_code == 2
    assert error.next_command == "mart check"


def test_all_problems_of_all_files_are_told_at_once(files) -> None:
    files.write("+a:\n\techo>: x\n", "tab.dig")
    files.write("+a:\n  message: x\n+b:\n  ecko>: x\n+c: {echo>: x, sh>: y}\n", "two.dig")
    files.write("+a: {echo>: x}\n", "good.dig")
    files.write("not: read\n", "sub/part.dig")

    assert [str(problem.where) for problem in refused(files).problems] == [
        "workflows/tab.dig:2",
        "workflows/two.dig:2",
        "workflows/two.dig:4",
        "workflows/two.dig:5",
    ]


def test_a_problem_of_an_included_file_is_told_where_it_stands(files) -> None:
    files.write("!include : parts/tasks.yml\n")
    files.write("+a:\n  echo>: x\n+b:\n  ecko>: x\n", "parts/tasks.yml")

    assert [problem.where for problem in refused(files).problems] == [Where("workflows/parts/tasks.yml", 4)]


def test_a_file_that_is_no_text_is_refused(files) -> None:
    (files.directory / "w.dig").write_bytes(b"+a: {echo>: \xff}\n")

    assert "this file cannot be read" in refused(files).problems[0].message


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("+a:\n  call>: nope\n", 2, "+w+a: File not found: workflows/nope.dig"),
        ("+a:\n  require>: nope\n  session_time: x\n", 2, "+w+a: Dependent workflow does not exist: nope"),
        ("+a:\n  sh>:\n", 2, "+w+a: `sh>` has nothing behind it"),
        ("+a:\n  loop>: 2\n", 1, "+w+a: Parameter '_do' is required but not set"),
        ("+a:\n  if>: true\n", 2, "+w+a: Both _do and _else_do are not specified."),
        ("+a:\n  _retry: true\n  sh>: x\n", 2, "+w+a: Invalid _retry format:true"),
        (
            "+a:\n  _retry: {limit: 1, interval_type: random}\n  sh>: x\n",
            2,
            "+w+a: Invalid retry_interval_type: random",
        ),
        ("+a:\n  echo>: x\n  _retry: 3\n", 3, "+w+a: `_retry` has no effect on echo>"),
        (
            "+g:\n  _check:\n    echo>: x\n  +a:\n    echo>: x\n",
            2,
            "+w+g: a `_check` of a group or workflow never runs: put it on a task",
        ),
        ("+a:\n  wait>: soon\n", 2, "+w+a: Invalid duration: soon"),
        (
            "sla: {fail: true}\n+a: {echo>: x}\n",
            1,
            "SLA must be specified using either the 'time' or 'duration' option",
        ),
        (
            "+a:\n  loop>: 1\n  _do:\n    +b:\n      message: x\n",
            5,
            "+w+a^sub+b contains the invalid key 'message'",
        ),
        ("+a:\n  echo>: x\n  _export: 3\n", 3, "+w+a: Parameter '_export' must be an object"),
    ],
)
def test_what_would_only_fail_in_a_run_is_found_by_the_check(
    files, text: str, line: int, message: str
) -> None:
    files.write(text)

    assert files.load().workflows
    problems = find_problems(files.directory, root=files.root)
    assert [(problem.where, problem.message) for problem in problems] == [
        (Where("workflows/w.dig", line), message)
    ]


def test_a_good_project_has_no_problems(files) -> None:
    files.write(
        """
        timezone: Asia/Tokyo
        schedule: {daily>: "03:00:00", skip_delayed_by: 1h}
        sla: {time: "12:00", +late: {echo>: late}}
        _export: {n: 1}
        _error: {sh>: mart notify}
        +a: {sh>: "mart extract flights", _retry: {limit: 2, interval: 10}}
        +b: {call>: sub/part, _check: {echo>: x}}
        +c: {for_each>: {x: [1, 2]}, _parallel: true, _do: {call>: "sub/${x}"}}
        """
    )
    files.write("+t: {sh>: make all}\n", "sub/part.dig")

    assert find_problems(files.directory, root=files.root) == []


def test_commands_are_listed_with_their_place_wherever_they_stand(files) -> None:
    files.write(
        "+a: {sh>: one}\n+b:\n  loop>: 2\n  _do:\n    +c:\n      sh>: two ${i}\n+d:\n  call>: sub/part\n_error:\n  sh>: three\n"
    )
    files.write("+t:\n  sh>: four\n+again:\n  call>: ../w\n", "sub/part.dig")
    project = files.load()

    assert commands(project, project.workflow("w")) == (
        Command("three", "+w^error", Where("workflows/w.dig", 10)),
        Command("one", "+w+a", Where("workflows/w.dig", 1)),
        Command("two ${i}", "+w+b^sub+c", Where("workflows/w.dig", 6)),
        Command("four", "+w+d^sub+t", Where("workflows/sub/part.dig", 2)),
    )


def test_a_workflow_that_only_a_server_can_run_may_be_loaded(files) -> None:
    files.write("+a:\n  td>: query.sql\n")

    project = files.load(strict_operators=False)

    assert [problem.where.line for problem in operator_problems(project, project.workflow("w"))] == [2]


def test_an_unknown_workflow_is_refused_with_the_nearest_name(files) -> None:
    files.write("+a: {echo>: x}\n", "flight_delay.dig")

    with pytest.raises(
        UsageError, match="there is no workflow flight_dely in workflows: did you mean flight_delay"
    ):
        files.load().workflow("flight_dely")


def test_a_missing_directory_is_refused(files) -> None:
    files.directory.rmdir()

    with pytest.raises(UsageError, match="there is no directory workflows"):
        files.load()


def test_a_workflow_tells_who_is_told_of_a_failure(files) -> None:
    files.write("+a: {echo>: x}\n_error:\n  sh>: mart notify\n")
    files.write("+a: {echo>: x}\n", "quiet.dig")
    workflows = files.load().workflows

    assert workflows["w"].failure_task.where == Where("workflows/w.dig", 2)
    assert workflows["quiet"].failure_task is None
