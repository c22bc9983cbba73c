"""A model's virtual environment holds what its lock says, whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from featuremart.cli.main import invoke
from featuremart.errors import UsageError, WorkFailed
from featuremart.local.home import Home
from featuremart.local.images import ImageMissing, entry_point, models
from featuremart.local.worker_venvs import make_worker

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path):
    (tmp_path / "features" / "price").mkdir(parents=True)
    (tmp_path / "features" / "price" / "__init__.py").touch()
    made = Home(tmp_path, tmp_path / ".mart")
    made.make()
    return made


def lock(home, *wheels, wrong_hash=False):
    lines = []
    for wheel in wheels:
        digest = "0" * 64 if wrong_hash else hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{wheel.name.partition('-')[0]} @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    (home.root / "features/price/requirements.txt").write_text("".join(lines))


def wheel(folder, name, version):
    """Build the smallest package that says its version."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{file},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}"
        for file, text in files.items()
    ]
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,\n"]))
    return path


def version_in(home, module="tool"):
    python = entry_point("worker-price", home)[0]
    code = f"import {module}, sys; print({module}.version)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_it_is_made_once_and_again_when_the_lock_changed(home, tmp_path):
    lock(home, wheel(tmp_path, "tool", "1.0"))
    assert make_worker("price", home)
    assert version_in(home) == "1.0"
    assert not make_worker("price", home)

    lock(home, wheel(tmp_path, "tool", "2.0"))
    assert make_worker("price", home)
    assert version_in(home) == "2.0"
    assert len(list((home.venvs / ".made").glob("price-*"))) == 1, "the one before is left behind"


def test_a_worker_holds_nothing_of_this_interpreter(home, tmp_path):
    lock(home, wheel(tmp_path, "tool", "1.0"))
    make_worker("price", home)
    python = entry_point("worker-price", home)[0]
    for library in ("click", "pytest", "pandas"):
        done = subprocess.run([python, "-c", f"import {library}"], capture_output=True, check=False)
        assert done.returncode == 1, library
    imported = [python, "-c", "import featuremart.errors; print(featuremart.__file__)"]
    done = subprocess.run(
        imported,
        cwd=home.root,
        env={"PYTHONPATH": home.python_path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(home.code) in done.stdout


def test_a_wrong_hash_is_refused_and_the_one_before_stays(home, tmp_path):
    lock(home, wheel(tmp_path, "tool", "1.0"))
    make_worker("price", home)
    lock(home, wheel(tmp_path, "tool", "2.0"), wrong_hash=True)

    with pytest.raises(WorkFailed, match="Hash mismatch") as failed:
        make_worker("price", home)

    assert failed.value.where.file == "features/price/requirements.txt"
    assert version_in(home) == "1.0"
    assert len(list((home.venvs / ".made").glob("price-*"))) == 1


def test_a_requirement_without_a_hash_is_refused(home, tmp_path):
    built = wheel(tmp_path, "tool", "1.0")
    (home.root / "features/price/requirements.txt").write_text(f"tool @ {built.as_uri()}\n")
    with pytest.raises(WorkFailed, match="hash"):
        make_worker("price", home)


def test_a_model_without_a_lock_is_told_what_to_type(home):
    with pytest.raises(UsageError, match="no locked requirements") as refused:
        make_worker("price", home)
    assert refused.value.next_command == "make lock"


def test_an_image_that_was_not_made_is_named(home):
    with pytest.raises(ImageMissing, match="price"):
        entry_point("registry.example.com/team/worker-price:1@sha256:00", home)


def test_mart_images_makes_those_that_are_named(home, tmp_path, monkeypatch, capsys):
    shutil.copy(Path(__file__).parent.parent.parent / "mart.toml", home.root)
    lock(home, wheel(tmp_path, "tool", "1.0"))
    monkeypatch.chdir(home.root)

    assert invoke(["images", "worker-price"]) == 0
    assert "worker-price: made in" in capsys.readouterr().out
    assert version_in(home) == "1.0"
    assert invoke(["images", "worker-price"]) == 0
    assert "nothing to make" in capsys.readouterr().out
    assert invoke(["images", "worker-prices"]) == 2
    assert "did you mean worker-price?" in capsys.readouterr().err


def test_the_models_are_the_packages_under_features(home):
    (home.root / "features" / "notes").mkdir()
    (home.root / "features" / "delay").mkdir()
    (home.root / "features" / "delay" / "__init__.py").touch()
    assert models(home.root) == ["delay", "price"]
