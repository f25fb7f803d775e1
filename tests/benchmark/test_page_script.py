"""The benchmark page's script in a browser: it sorts, filters, and leads to the clips behind every number."""

import json
import re
import shutil
import subprocess

import polars as pl
import pytest

from jaxeval.benchmark.shards import Row
from jaxeval.results.formatting import format_value
from tests.chromium import FLAGS

from .pages import BENCH, HOSTILE, Page, hostile_rows, written
from .synthetic_rows import KNOWN


def squeezed(table):
    return [["".join(cell.split()) for cell in line] for line in table]


DRIVER = r"""
const told = {};
const texts = (rows) => [...rows].map((row) => [...row.cells].map((cell) => cell.innerText));
const all = (selector) => [...document.querySelectorAll(selector)];
const names = () => all("#board-table tbody th").map((head) => head.firstChild.firstChild.data);
const next = () => new Promise((done) => setTimeout(done, 30));
const sorter = (k) => all("#board-table thead button")[k];
async function drive() {
  told.ready = performance.now();
  told.table = [...$("board-table").rows].map((row) => [...row.cells].map((cell) => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll(".sort").forEach((button) => button.remove());
    return copy.textContent;
  }));
  told.formats = FORMATS.map(([score, value]) => format(board.scores[score], value));
  told.first = names();
  sorter(1).click();
  told.reversed = names();
  told.sorted = document.querySelector("#board-table [aria-sort]").getAttribute("aria-sort");
  sorter(0).click();
  told.named = names();
  $("filter").value = "method-1";
  $("filter").dispatchEvent(new Event("input"));
  told.filtered = names();
  $("filter").value = "";
  $("filter").dispatchEvent(new Event("input"));
  document.querySelector("#paradigms input").click();
  told.paradigm = names();
  document.querySelector("#paradigms input").click();
  $("only-none").click();
  document.querySelector(`#groups input[value="${SEQ}"]`).click();
  const heads = () => all("#board-table thead th").map((head) => head.innerText.split(/\s/)[0]);
  told.heads = heads();
  document.querySelector(`#groups input[value="${SEQ + 1}"]`).click();
  told.both = heads();
  document.querySelector(`#groups input[value="${SEQ + 1}"]`).click();
  $("place").value = 2;
  $("place").dispatchEvent(new Event("change"));
  told.place = $("shown-place").innerText;
  told.values = all("#board-table tbody tr").map((row) => row.querySelector(".value").innerText);
  document.querySelector("#board-table tbody button").focus();
  document.activeElement.click();
  while (!$("behind").open) await next();
  told.title = $("behind-title").innerText;
  told.clips = texts($("behind").querySelectorAll("tbody tr"));
  told.behind = $("behind").innerText;
  $("behind").close();
  await next();
  told.focus = document.activeElement.className;
  $("pair-place").value = 1;
  await renderPairs();
  told.pairs = texts($("pair-table").tBodies[0].rows);
}
drive().catch((error) => { told.error = String(error); }).finally(() => {
  document.body.append(make("pre", { id: "told" }, JSON.stringify(told)));
});
"""


def driven(path, script, folder):
    """A page with more script at its end, opened; what that left in `#told`, and the browser's messages."""
    copy = folder / "driven.html"
    source = path.read_text("utf-8")
    copy.write_text(source.replace("</script>\n</body>", f"{script}</script>\n</body>"), encoding="utf-8")
    where = [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=8000", "--dump-dom", copy.as_uri()]
    done = subprocess.run(["chromium", *FLAGS, *where], capture_output=True, text=True, timeout=120)
    page = Page(re.search(r'<pre id="told">.*?</pre>', done.stdout, re.S)[0])
    return json.loads("".join(page.text)), [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
def test_the_script_sorts_filters_and_leads_to_the_clips(built, page_rows, tmp_path):
    found, path, page = built
    numbers = {score.name: number for number, score in enumerate(found.scores)}
    odd = (0.0, -0.0, 0.5, 1.5, 2.5, -0.4, 5e-5, -2e-5, 0.12345, 1e9, 2.3e-5, -123.456, 118.3, 0.99995, 1e-300, -1e12)
    formats = [(numbers[name], value) for name in ("psnr", "lpips", "lag_ms_lpips", "lip_sync") for value in odd]
    constants = f"const FORMATS = {json.dumps(formats)}; const SEQ = {numbers['lpips_seq']};"
    told, messages = driven(path, constants + DRIVER, tmp_path)
    assert not messages
    assert "error" not in told
    assert squeezed(told["table"]) == squeezed(page.tables["board-table"])
    assert told["formats"] == [format_value(found.scores[number], value) for number, value in formats]
    assert told["first"] == told["reversed"][::-1]
    assert told["sorted"] == "descending"
    assert told["named"] == ["method-0", "method-1", "method-2"]
    assert told["filtered"] == ["method-1"]
    assert told["paradigm"] == ["method-1", "method-2"]
    assert told["heads"] == ["method", "lpips_seq", "lag_ms_lpips"]
    assert told["both"] == ["method", "lpips_div", "lpips_seq", "lag_ms_lpips"]
    assert told["place"] == "set-1"
    values = [found.standings[m.name, "set-1", "lpips_seq"].mean for m in BENCH.methods]
    assert [text[-6:] for text in told["values"]] == [format_value(KNOWN["lpips_seq"], value) for value in values]
    check_clips(found, told, page_rows.filter(method="method-0", dataset="set-1"))
    assert told["focus"] == "cell"
    p = found.contests["set-0", "lpips"].p
    assert told["pairs"][0][2].split()[1] == ("<.001" if p[0, 1] < 0.001 else f"{p[0, 1]:.3f}".removeprefix("0"))


def check_clips(found, told, page_rows):
    """What stands behind the cell of method-0 by lpips_seq on set-1."""
    assert told["title"] == "method-0, set-1: lpips_seq"
    assert found.signatures["lpips_seq"][0] in told["behind"]
    assert "0123abcd" * 8 in told["behind"]
    assert len(told["clips"]) == 8
    shown = {line[1]: line for line in told["clips"]}
    for row in (Row(*each) for each in page_rows.filter(pl.col("score").is_in(["lpips_seq", ""])).rows()):
        dataset, id_, person, value, _, reason = shown[row.id]
        assert (dataset, person) == ("set-1", row.identity)
        assert value == ("–" if row.value is None else format_value(KNOWN["lpips_seq"], row.value))
        assert reason == (f"failed: {row.reason}" if not row.score else row.reason)
    lags = page_rows.filter(pl.col("value").is_finite(), score="lag_ms_lpips")
    for id_, lag in lags.select("id", "value").rows():
        assert shown[id_][4] == format_value(KNOWN["lag_ms_lpips"], lag)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
def test_hostile_names_do_nothing_in_a_browser(tmp_path):
    told, page_rows = hostile_rows()
    _, path = written(tmp_path, page_rows, told, title=HOSTILE, figures={HOSTILE: b"<svg/>"})
    script = """
const told = {};
(async () => {
  $("only-all").click();
  for (const cell of document.querySelectorAll("#board-table tbody button")) { $("behind").close(); cell.click(); }
  while (!$("behind").open) await new Promise((done) => setTimeout(done, 30));
  await renderPairs();
  told.images = document.querySelectorAll("img[src=x]").length;
  told.behind = $("behind").innerText;
})().catch((error) => { told.error = String(error); }).finally(() => {
  document.body.append(make("pre", { id: "told" }, JSON.stringify(told)));
});
"""
    found, messages = driven(path, script, tmp_path)
    assert not messages
    assert "error" not in found
    assert found["images"] == 0
    assert HOSTILE.split('"')[0] in found["behind"]
