"""The build: what is missing is said, what is unchanged is left alone. Maven itself is real in the round trips."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from featuremart.errors import UsageError, WorkFailed
from featuremart.transfer.build import COMMAND, build

JAVA_17 = "#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n"
JAVA_8 = "#!/bin/sh\necho 'java version \"1.8.0_402\"' >&2\n"
MAVEN = """#!/bin/sh
echo "$@" >> "$CALLS"
for word in "$@"; do case $word in -Dmart.embulk=*) folder=${word#*=};; esac; done
mkdir -p "$folder/lib" && echo jar > "$folder/embulk.jar"
"""
MAVEN_FAILS = """#!/bin/sh
echo '[INFO] Scanning for projects...'
echo '[ERROR] /embulk/main/Main.java:[3,7] cannot find symbol'
exit 1
"""


@pytest.fixture
def root(tmp_path):
    """Make a repository with Embulk's sources."""
    (tmp_path / "embulk" / "main" / "src").mkdir(parents=True)
    (tmp_path / "embulk" / "pom.xml").write_text("<project/>")
    (tmp_path / "embulk" / "main" / "src" / "Main.java").write_text("class Main {}")
    return tmp_path


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Put programs of the test's own on PATH, and nothing else but the shell's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "mkdir"):
        (folder / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))

    def put(**scripts):
        for name, script in scripts.items():
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)

    return put


def calls(root):
    return (root / "calls").read_text().splitlines()


def test_without_java_it_says_so_and_what_to_type(root, programs):
    programs(mvn=MAVEN)
    with pytest.raises(UsageError, match="there is no Java: Embulk needs a JDK 17") as caught:
        build(root)
    assert "openjdk-17" in caught.value.next_command


def test_java_that_is_too_old_is_refused(root, programs):
    programs(java=JAVA_8, mvn=MAVEN)
    with pytest.raises(UsageError, match="Java 8 is too old"):
        build(root)


def test_without_maven_it_says_so_and_what_to_type(root, programs):
    programs(java=JAVA_17)
    with pytest.raises(UsageError, match="there is no Maven") as caught:
        build(root)
    assert "maven" in caught.value.next_command


def test_a_repository_without_embulk_is_refused(tmp_path, programs):
    programs(java=JAVA_17, mvn=MAVEN)
    with pytest.raises(UsageError, match=r"has no pom\.xml"):
        build(tmp_path)


def test_mavens_own_errors_are_shown_and_nothing_counts_as_built(root, programs):
    programs(java=JAVA_17, mvn=MAVEN_FAILS)
    with pytest.raises(WorkFailed, match="cannot find symbol") as caught:
        build(root)
    assert caught.value.next_command == "mvn --file embulk/pom.xml package"
    assert "Scanning" not in str(caught.value)
    programs(mvn=MAVEN)
    build(root)
    assert len(calls(root)) == 1


def test_the_words_that_start_it_are_left(root, programs):
    programs(java=JAVA_17, mvn=MAVEN)
    words = json.loads(build(root).read_text())
    assert Path(words[0]).name == "java"
    assert words[-2:] == ["-jar", str(root / ".mart" / "embulk" / "embulk.jar")]


def test_unchanged_sources_are_not_built_again(root, programs):
    programs(java=JAVA_17, mvn=MAVEN)
    said = []
    build(root)
    (root / "embulk" / "main" / "target").mkdir()
    (root / "embulk" / "main" / "target" / "Main.class").write_text("made by Maven")
    build(root, say=said.append)
    assert len(calls(root)) == 1
    assert said == ["Embulk: nothing to build, its sources are unchanged"]


@pytest.mark.parametrize("change", ["edit", "add", "rename", "jar", "command"])
def test_any_change_is_built(root, programs, change):
    programs(java=JAVA_17, mvn=MAVEN)
    build(root)
    source = root / "embulk" / "main" / "src" / "Main.java"
    made = root / ".mart" / "embulk"
    changes = {
        "edit": lambda: source.write_text("class Main { }"),
        "add": lambda: source.with_name("Other.java").write_text("class Other {}"),
        "rename": lambda: source.rename(source.with_name("Entry.java")),
        "jar": (made / "embulk.jar").unlink,
        "command": (made / COMMAND).unlink,
    }
    changes[change]()
    build(root)
    assert len(calls(root)) == 2


def test_it_is_built_where_it_is_wanted(root, programs, tmp_path):
    programs(java=JAVA_17, mvn=MAVEN)
    assert build(root, target=tmp_path / "elsewhere") == tmp_path / "elsewhere" / COMMAND
