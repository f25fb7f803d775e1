"""Benchmark pages for the tests: rows, pictures and videos made up, and a page taken apart."""

import json
import zlib
from base64 import b64decode
from html.parser import HTMLParser

import numpy as np
import polars as pl
from msgspec.structs import replace as changed

from jaxeval.benchmark.page import write_page
from jaxeval.benchmark.standings import board
from jaxeval.results.record import ClipRecord, Strip

from .synthetic_rows import bench, rows

VOID = {"meta", "link", "img", "br", "input"}
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&名<!--"
BENCH = changed(bench(methods=3, datasets=2), statistics=changed(bench().statistics, resamples=200))


class Page(HTMLParser):
    """A page taken apart: tags that were never closed fail; its tables' texts, ids, scripts and tags are kept."""

    def __init__(self, source):
        super().__init__()
        self.open, self.tags, self.tables, self.scripts, self.ids = [], [], {}, {}, []
        self.table, self.text = None, []
        self.feed(source)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self.tags.append((tag, told))
        self.ids += [told["id"]] if "id" in told else []
        if tag not in VOID:
            self.open.append((tag, told))
        if tag == "table":
            self.table = self.tables.setdefault(told.get("id", len(self.tables)), [])
        if tag == "tr":
            self.table.append([])
        if tag in ("td", "th"):
            self.table[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        self.text.append(data)
        tag, told = self.open[-1] if self.open else ("", {})
        if tag == "script" and "id" in told:
            self.scripts[told["id"]] = data
        elif self.table and self.table[-1] and any(name in ("td", "th") for name, _ in self.open):
            unseen = any("unseen" in (each.get("class") or "") for _, each in self.open)
            self.table[-1][-1] += "" if unseen or "sort" in (told.get("class") or "") else data


def strip(seed):
    images = np.random.default_rng(seed).integers(0, 255, (4, 32, 32, 3)).astype(np.uint8)
    return Strip(np.arange(4) * 8, images)


def clip(method, dataset, id_):
    if method == "method-0":
        return None
    if method == "method-1":
        raise OSError("the record has gone")
    return ClipRecord(id_, "ok", frames=(32, 32), generated=strip(0), reference=strip(1))


def videos(method, dataset, id_):
    return f"../outputs/{method}/{id_} #1.mp4", None if method == "method-0" else f"javascript:{id_}.mp4"


def written(folder, scored, told=BENCH, **more):
    found = board(scored, told)
    given = {
        "figures": {"A caption & more.": b"<svg xmlns='http://www.w3.org/2000/svg'/>"},
        "clip": clip,
        "videos": videos,
        "provenance": {"written": "today", "weights": {"lpips_alex": "0123abcd" * 8, "unused": "ff" * 32}},
        "title": "A benchmark",
    }
    path = folder / "index.html"
    write_page(path, found, scored, **(given | more))
    return found, path


def unpacked(page, name):
    return json.loads(zlib.decompress(b64decode(page.scripts[name])))


def hostile_rows():
    told = bench(methods=2)
    told = changed(told, methods=[changed(told.methods[0], name=HOSTILE), changed(told.methods[1], name="x" * 300)])
    scored = rows(told, clips=3, failures=0.2)
    texts = {
        name: pl.col(name).str.replace_all(r"^(.+)$", f"$1 {HOSTILE}")
        for name in ("id", "identity", "reason", "signature")
    }
    own = scored.filter(score="psnr").with_columns(score=pl.lit(HOSTILE))
    return told, pl.concat([scored, own]).with_columns(**texts)
