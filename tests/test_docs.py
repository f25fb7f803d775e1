"""README and docs: their code runs, their commands parse, and what they name is there."""

import dataclasses
import importlib
import re
import shlex
from pathlib import Path

import pytest

from jaxeval.cli.bench_files import BenchAdd, BenchInit
from jaxeval.cli.bench_plan import BenchPlan
from jaxeval.cli.bench_report import BenchReport
from jaxeval.cli.bench_robustness import BenchRobustness
from jaxeval.cli.bench_run import BenchRun
from jaxeval.cli.bench_status import BenchStatus, BenchVerify
from jaxeval.cli.compare import Compare
from jaxeval.cli.main import _parse
from jaxeval.cli.score import Score
from jaxeval.cli.weights import WeightsConvert
from jaxeval.demo.clips import make_demo
from jaxeval.protocol import PROTOCOLS
from jaxeval.results.selection import select

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "weights" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in PAGES}
each_page = pytest.mark.parametrize("page", TEXTS)
NOT_RUN = "<!-- not run: "
BENCH = (BenchAdd, BenchInit, BenchPlan, BenchReport, BenchRobustness, BenchRun, BenchStatus, BenchVerify)
COMMANDS = (Score, Compare, WeightsConvert, *BENCH)
OTHER_OPTIONS = {"--help", "--version", "--markdown", "--tyro-write-completion"}


def blocks(page: str, language: str) -> list[str]:
    """The code between fences, but for what is marked as not to be run."""
    found = re.findall(rf"([^\n]*)\n```{language}\n(.*?)```", TEXTS[page], flags=re.DOTALL)
    return [code for before, code in found if NOT_RUN not in before]


def commands(page: str) -> list[list[str]]:
    """The arguments of every `jaxeval …`, in blocks of the shell and between backticks."""
    lines = [line for block in blocks(page, "bash") for line in re.split(r"\n|&&", block)]
    lines += re.findall(r"`(jaxeval [a-z][^`]*)`", TEXTS[page])
    words = [shlex.split(line, comments=True) for line in lines if line.strip().startswith("jaxeval ")]
    return [line[1:] for line in words if not OTHER_OPTIONS & set(line)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A folder in which `jaxeval demo` has been."""
    folder = tmp_path_factory.mktemp("docs")
    make_demo(folder / "jaxeval-demo")
    return folder


@pytest.mark.parametrize("page", [page for page in TEXTS if blocks(page, "python") and "alignment" not in page])
def test_code_runs_and_prints_what_it_says(page, demo, capsys, monkeypatch):
    monkeypatch.chdir(demo)
    names: dict = {}
    for code in blocks(page, "python"):
        exec(compile(code, page, "exec"), names)
        printed = capsys.readouterr().out
        for said in re.findall(r"# prints ([^:\n]*)", code):
            assert said in printed


def test_pages_with_code_are_found():
    assert [page for page in TEXTS if blocks(page, "python")] == [
        "README.md", "docs/adding_a_metric.md", "docs/alignment.md", "docs/precision.md", "docs/python.md"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words", [words for page in TEXTS for words in commands(page)], ids=lambda words: "_".join(words).replace("/", "-")
)
def test_commands_parse(words):
    if " ".join(words) in ("score", "compare", "weights get", "weights convert", "bench", "bench robustness"):
        return  # the name of a command
    assert _parse(words) is not None


def test_there_are_commands():
    assert len(commands("README.md")) > 8
    with pytest.raises(SystemExit):
        _parse(["score", "a.mp4", "b.mp4", "--fewest", "3"])


@each_page
def test_options_exist(page):
    fields = {field.name for command in COMMANDS for field in dataclasses.fields(command)}
    known = OTHER_OPTIONS | {"--no-report"} | {f"--{name.replace('_', '-')}" for name in fields}
    inline = " ".join(re.findall(r"`([^`\n]*)`", re.sub(r"```.*?```", "", TEXTS[page], flags=re.DOTALL)))
    outside = re.findall(r"(?<!\S)--[a-z][a-z-]+", re.sub(r"(pip|unzip|tar|npm) .*", "", inline))
    assert set(outside) <= known


@each_page
def test_links_lead_somewhere(page):
    targets = [*re.findall(r"\]\(([^)\s]+)\)", TEXTS[page]), *re.findall(r'src="([^"]+)"', TEXTS[page])]
    for target in (target for target in targets if "://" not in target):
        path, _, anchor = target.partition("#")
        linked = (ROOT / page).parent / path if path else ROOT / page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", linked.read_text("utf-8"), flags=re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_dotted_names_exist(page):
    for name in set(re.findall(r"(?<![\w/.-])jaxeval(?:\.[A-Za-z_]\w*)+", TEXTS[page])):
        module, *attributes = name.split(".")
        value = importlib.import_module(module)
        for attribute in attributes:
            if not hasattr(value, attribute):
                importlib.import_module(f"{value.__name__}.{attribute}")
            value = getattr(value, attribute)


@each_page
def test_paths_exist(page):
    pattern = r"(?<![\w/.-])((?:jaxeval|benchmarks|examples|tests|docs|weights)/[\w./-]*\w)"
    for path in set(re.findall(pattern, TEXTS[page])):
        assert (ROOT / path).exists(), path
    for cell in re.findall(r"\| ((?:\w+/test_\w+(?:, |; )?(?:test_\w+)?(?:, |; )?)+) \|", TEXTS[page]):
        folder = ""
        for name in re.split("[,;] ", cell):
            folder = name.rpartition("/")[0] or folder
            assert (ROOT / "tests" / folder / f"{name.rpartition('/')[2]}.py").exists(), name


@each_page
def test_every_page_links_the_glossary(page):
    assert page == "docs/glossary.md" or "glossary.md)" in TEXTS[page]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_score_is_listed(protocol):
    """By name, or by that of its metric where it is a form of it."""
    selection = select(PROTOCOLS[protocol])
    listed = set(re.findall(r"`(\w+)`", TEXTS["docs/scores.md"].partition("## All scores")[2].partition("\n## ")[0]))
    scores = [selection.known[name] for metric in selection.metrics for name in selection.known.scores(metric)]
    forms = {"seq": "M_seq", "div": "M_div", "lag": "lag_ms_M", "lag_std": "lag_std_ms_M"}
    names = {score.name if score.name in listed else forms.get(score.form, score.name) for score in scores}
    assert names <= listed
    assert {score.metric for score in scores if score.form == "div"} <= listed
    assert {name for name in listed if name.endswith("_M") or name.startswith("M_")} == set(forms.values())
