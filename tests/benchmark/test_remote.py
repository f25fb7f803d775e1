"""Files elsewhere: fetched once, whole or not at all, and one line for whatever a store answers."""

import contextlib
import threading
from collections import Counter
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from jaxeval.benchmark import remote
from jaxeval.benchmark.datasets import clips_of
from jaxeval.benchmark.layouts import Source, sources
from jaxeval.benchmark.plan import Dataset
from jaxeval.benchmark.remote import StoreError, exists, is_remote, listed, local, located
from jaxeval.errors import JaxevalError


def store(url, content):
    with fsspec.open(url, "wb") as file:
        file.write(content)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(remote, "_PAUSES_S", (0.0, 0.0))


@pytest.fixture
def bucket():
    """A folder in memory, empty again afterwards."""
    yield "memory://bucket"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture
def fetched(monkeypatch):
    """Paths that were copied out of the memory, in order."""
    paths, get_file = [], MemoryFileSystem.get_file

    def watched(self, path, *args, **more):
        paths.append(path)
        return get_file(self, path, *args, **more)

    monkeypatch.setattr(MemoryFileSystem, "get_file", watched)
    return paths


class Server(SimpleHTTPRequestHandler):
    """A folder as a web server shows it; names in `broken` are answered with that status so many times."""

    broken: dict[str, list[int]]
    asked: Counter

    def do_GET(self):
        self.asked[f"{self.command} {self.path}"] += 1
        if statuses := self.broken.get(self.path):
            self.send_error(statuses.pop(0))
        else:
            super().do_GET() if self.command == "GET" else super().do_HEAD()

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


@pytest.fixture
def web(tmp_path):
    pytest.importorskip("aiohttp")
    folder = tmp_path / "served"
    folder.mkdir()
    handler = type("Here", (Server,), {"broken": {}, "asked": Counter()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder, handler
    server.shutdown()
    server.server_close()


def test_what_is_local_stays_where_it_is(tmp_path):
    path = tmp_path / "a.mp4"
    path.touch()
    assert local(path) is not None
    assert (local(path), local(str(path)), local(f"file://{path}")) == (path, path, path)
    assert [exists(path), exists(str(path)), exists(tmp_path / "b.mp4")] == [True, True, False]
    assert not is_remote(path)


@pytest.mark.parametrize(
    ("folder", "path", "expected"),
    [
        (Path("/data"), "a.mp4", Path("/data/a.mp4")),
        (Path("/data"), "s3://b/a.mp4", "s3://b/a.mp4"),
        ("s3://b/x/", "y/a.mp4", "s3://b/x/y/a.mp4"),
        ("s3://b/x", "../a.mp4", "s3://b/a.mp4"),
        ("s3://b/x", "/data/a.mp4", Path("/data/a.mp4")),
        ("s3://b/x", "a b#.mp4", "s3://b/x/a b#.mp4"),
        ("https://h/x", "a b#.mp4", "https://h/x/a%20b%23.mp4"),
    ],
)
def test_paths_relative_to_folders(folder, path, expected):
    assert located(folder, path) == expected


def test_an_unchanged_file_is_fetched_once_and_a_changed_one_again(bucket, fetched, tmp_path):
    store(f"{bucket}/a.mp4", b"one")
    first = local(f"{bucket}/a.mp4", tmp_path)
    assert (first.name, first.read_bytes(), local(f"{bucket}/a.mp4", tmp_path)) == ("a.mp4", b"one", first)
    assert len(fetched) == 1
    store(f"{bucket}/a.mp4", b"two")  # of the same size
    second = local(f"{bucket}/a.mp4", tmp_path)
    assert (second.read_bytes(), first.read_bytes(), len(fetched)) == (b"two", b"one", 2)
    store(f"{bucket}/sub/a.mp4", b"two")
    assert local(f"{bucket}/sub/a.mp4", tmp_path) != second


def test_copies_lie_where_the_variable_says(bucket, tmp_path, monkeypatch):
    store(f"{bucket}/a.mp4", b"one")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert local(f"{bucket}/a.mp4").parents[1] == tmp_path / "user" / "jaxeval" / "remote"
    monkeypatch.setenv("JAXEVAL_REMOTE_CACHE", str(tmp_path / "own"))
    assert local(f"{bucket}/a.mp4").parents[1] == tmp_path / "own"


@pytest.mark.parametrize(("failures", "whole"), [(2, True), (3, False)])
def test_a_fault_is_tried_three_times_and_leaves_nothing_behind(bucket, tmp_path, monkeypatch, failures, whole):
    store(f"{bucket}/a.mp4", b"content")
    tries, get_file = [], MemoryFileSystem.get_file

    def broken(self, path, new, **more):
        tries.append(path)
        get_file(self, path, new, **more)
        if len(tries) <= failures:
            Path(new).write_bytes(b"con")

    monkeypatch.setattr(MemoryFileSystem, "get_file", broken)
    found = contextlib.nullcontext() if whole else pytest.raises(
        StoreError, match=r"^memory://bucket/a\.mp4: expected to read it within 3 tries, found ConnectionError: "
        r"3 of 7 bytes\. Check the network, and try it again\.$",
    )  # fmt: skip
    with found:
        assert local(f"{bucket}/a.mp4", tmp_path).read_bytes() == b"content"
    assert len(tries) == 3
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert files == (["a.mp4"] if whole else [])


def test_a_full_disk_is_no_fault_of_the_store(bucket, tmp_path, monkeypatch):
    store(f"{bucket}/a.mp4", b"content")

    def full(self, path, new, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(MemoryFileSystem, "get_file", full)
    with pytest.raises(JaxevalError, match="expected to write it, found: No space left on device"):
        local(f"{bucket}/a.mp4", tmp_path)


def test_what_is_not_there(bucket, tmp_path):
    store(f"{bucket}/sub/a.mp4", b"")
    assert [exists(f"{bucket}/sub/a.mp4"), exists(f"{bucket}/sub"), exists(f"{bucket}/b.mp4")] == [True, True, False]
    with pytest.raises(JaxevalError, match=r"^memory://bucket/b\.mp4: expected a file, found no such file\. Check"):
        local(f"{bucket}/b.mp4", tmp_path)
    with pytest.raises(JaxevalError, match=r"^memory://bucket/sub: expected a file, found a folder\. Check the path"):
        local(f"{bucket}/sub", tmp_path)
    with pytest.raises(JaxevalError, match=r"^memory://nothing: expected a folder of files, found n"):
        listed("memory://nothing")


def test_a_package_that_is_missing_and_a_scheme_that_no_one_knows(monkeypatch):
    def lacking(url, **options):
        raise ImportError("Please install gcsfs to access Google Storage")

    with pytest.raises(JaxevalError, match=r"^gss://b/a: expected a URL such as gs://, s3:// or https://, found Val"):
        local("gss://b/a")
    monkeypatch.setattr(remote.fsspec, "url_to_fs", lacking)
    with pytest.raises(JaxevalError) as refused:
        local("gs://b/a.mp4")
    assert str(refused.value) == (
        "gs://b/a.mp4: expected a package that reads gs://, found none. Install it: pip install 'jaxeval[remote]'."
    )


FILES = ["dev/mp4/id00012/21Uxsk56VDQ/00001.mp4", "dev/aac/id00012/21Uxsk56VDQ/00001.m4a",
         "test/mp4/id00017/01dfn2spqyE/00002.mp4", ".cache/mp4/id00017/01dfn2spqyE/00003.mp4",
         "runs/scores.json", "runs/mp4/id00019/01dfn2spqyE/00002.mp4", "notes.txt"]  # fmt: skip


def test_a_layout_in_a_bucket_is_listed_and_nothing_is_fetched(bucket, fetched):
    for name in FILES:
        store(f"{bucket}/{name}", b"")
    first, second = sources(f"{bucket}/", "voxceleb2")
    assert first == Source(FILES[0][:-4], f"{bucket}/{FILES[0]}", f"{bucket}/{FILES[1]}", identity="id00012")
    assert second == Source(FILES[2][:-4], f"{bucket}/{FILES[2]}", identity="id00017")
    assert fetched == []


def test_a_manifest_in_a_bucket_names_files_beside_it(bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("JAXEVAL_REMOTE_CACHE", str(tmp_path / "cache"))
    store(f"{bucket}/lists/c.csv", b"id,video\na,../a.mp4\nb,b.mp4\nc,/data/c.mp4\nd,s3://other/d.mp4\n")
    found = clips_of(Dataset("x", f"{bucket}/lists/c.csv", "manifest"), tmp_path)
    videos = [f"{bucket}/a.mp4", f"{bucket}/lists/b.mp4", Path("/data/c.mp4"), "s3://other/d.mp4"]
    assert [clip.video for clip in found] == videos


def test_a_web_server(web, tmp_path):
    url, folder, _ = web
    (folder / "WDA_Ann Lee_000.mp4").write_bytes(b"one")
    (folder / "sub").mkdir()
    (folder / "sub" / "RD_Bob_000.mp4").write_bytes(b"two")
    first, second = sources(url, "hdtf")
    assert (first.id, first.identity, second.identity) == ("WDA_Ann Lee_000", "WDA_Ann Lee", "RD_Bob")
    assert [local(clip.video, tmp_path).read_bytes() for clip in (first, second)] == [b"one", b"two"]
    assert local(first.video, tmp_path).name == "WDA_Ann Lee_000.mp4"
    assert exists(located(url, "WDA_Ann Lee_000.mp4"))
    assert not exists(f"{url}/other.mp4")
    with pytest.raises(JaxevalError, match=r"other\.mp4: expected a file, found no such file\. Check"):
        local(f"{url}/other.mp4", tmp_path)


def test_a_file_of_a_web_server_is_fetched_again_when_it_changed(web, tmp_path):
    url, folder, handler = web
    (folder / "a.mp4").write_bytes(b"one")
    assert local(f"{url}/a.mp4", tmp_path) == local(f"{url}/a.mp4", tmp_path)
    assert handler.asked["GET /a.mp4"] == 1
    (folder / "a.mp4").write_bytes(b"three")
    assert local(f"{url}/a.mp4", tmp_path).read_bytes() == b"three"


def test_a_web_server_that_fails_for_a_while(web, tmp_path):
    url, folder, handler = web
    (folder / "a.mp4").write_bytes(b"one")
    handler.broken["/a.mp4"] = [503] * 3  # for the HEAD and the GET of the first try, and the second's HEAD
    assert local(f"{url}/a.mp4", tmp_path).read_bytes() == b"one"
    handler.broken["/a.mp4"] = [503] * 99
    with pytest.raises(StoreError, match=r"a\.mp4: expected to read it within 3 tries, found ClientResponseError: 503"):
        exists(f"{url}/a.mp4")
    handler.broken["/a.mp4"] = [403] * 2
    with pytest.raises(StoreError, match=r"a\.mp4: expected to read it, found ClientResponseError: 403.*you may read"):
        local(f"{url}/a.mp4", tmp_path)


def test_a_web_server_that_is_not_there(web):
    with pytest.raises(StoreError, match=r"^http://127\.0\.0\.1:9/a: expected to read it within 3 tries, found Client"):
        exists("http://127.0.0.1:9/a")
