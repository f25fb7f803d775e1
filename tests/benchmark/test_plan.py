"""`bench.toml`: what it means, and every fault in one line with its place."""

import re
from dataclasses import replace

import pytest

from jaxeval.benchmark.plan import Bench, Dataset, Method, Statistics, read_bench
from jaxeval.benchmark.subsets import RULES
from jaxeval.errors import JaxevalError

GOOD = """protocol = "jaxeval-v1"
scores = ["lpips", "csim_div"]

[statistics]
level = 0.9
seed = 7

[[methods]]
name = "Wav2Lip"
paradigm = "lip-centric"
year = 2020
outputs = "outputs/wav2lip/{dataset}/{id}.mp4"
values = { fps = 31.5 }

[[methods]]
name = "sadtalker"
outputs = "outputs/sadtalker/{dataset}/{identity}/{id}.mp4"

[[datasets]]
name = "hdtf"
root = "/data/HDTF"
layout = "hdtf"
subset = "paper"
seed = 3

[[datasets]]
name = "wild"
root = "wild"
"""


def read(folder, text):
    path = folder / "bench.toml"
    path.write_text(text)
    return read_bench(path)


def faults(folder, text):
    """Line to what is wrong there."""
    with pytest.raises(JaxevalError) as refused:
        read(folder, text)
    message = str(refused.value)
    assert "\n" not in message
    head, _, told = message.partition(". L")
    parts = re.split(r"; (?=line \d+: )", f"l{told}")
    count = f"{len(parts)} fault{'s' * (len(parts) > 1)}"
    assert head == f"{folder}/bench.toml: expected a benchmark, found {count}"
    return [(int(part.split()[1].rstrip(":")), part.partition(": ")[2]) for part in parts]


def test_a_whole_file(tmp_path):
    assert read(tmp_path, GOOD) == Bench(
        methods=[
            Method("Wav2Lip", "outputs/wav2lip/{dataset}/{id}.mp4", "lip-centric", 2020, {"fps": 31.5}),
            Method("sadtalker", "outputs/sadtalker/{dataset}/{identity}/{id}.mp4"),
        ],
        datasets=[Dataset("hdtf", "/data/HDTF", "hdtf", "paper", 3), Dataset("wild", "wild")],
        scores=["lpips", "csim_div"],
        statistics=Statistics(level=0.9, seed=7),
    )


def test_a_datasets_own_limits_replace_those_of_its_subset(tmp_path):
    text = GOOD.replace("seed = 3", "shortest = 0\nlongest = 60")
    first, second = read(tmp_path, f'{text}layout = "manifest"\n').datasets
    assert (first.rule, second.rule) == (replace(RULES["paper"], shortest=0.0, longest=60.0), RULES["all"])


CHANGES = [
    ('name = "Wav2Lip"', "nmae = 3", [(8, "methods[0]: expected name, found none"),
                                      (9, "methods[0].nmae: unknown. Did you mean name")]),
    ("year = 2020", 'year = "2020"', [(11, "methods[0].year: expected `int | null`, found `str`.")]),
    ("level = 0.9", "level = 1.5", [(5, "statistics.level: expected a number between 0 and 1, found 1.5.")]),
    ("seed = 7", "resamples = 10", [(6, "statistics.resamples: expected at least 100, found 10.")]),
    ('name = "sadtalker"', 'name = "Wav2Lip"', [(16, "methods[1].name: expected each name once, found Wav2Lip")]),
    ('name = "sadtalker"', 'name = "a/b"', [(16, "methods[1].name: expected letters, digits, '.', '_' and")]),
    ("lip-centric", "lip centric", [(10, "methods[0].paradigm: unknown 'lip centric'. Did you mean lip-centric?")]),
    ("{dataset}/{identity}/{id}", "{id}", [(17, "methods[1].outputs: expected a path with {dataset} and {id}")]),
    ("{identity}", "{person}", [(17, "methods[1].outputs: unknown {person}. Choose from dataset, id, identity.")]),
    ("{identity}", "{", [(17, "methods[1].outputs: expected a path with {id}, found")]),
    ("fps = 31.5", "psnr = 31.5", [(13, "methods[0].values: value psnr: expected fps or a new name, found psnr")]),
    ('layout = "hdtf"', 'layout = "hdft"', [(22, "datasets[0].layout: unknown 'hdft'. Did you mean hdtf?")]),
    ('subset = "paper"', 'subset = "papers"', [(23, "datasets[0].subset: unknown 'papers'. Did you mean paper?")]),
    ("seed = 3", "longest = 3", [(24, "datasets[0].longest: expected shortest to be no more than longest, found 4")]),
    ("seed = 3", "shortest = 11", [(24, "datasets[0].shortest: expected shortest to be no more than longest, found")]),
    ("seed = 3", "longest = 0", [(24, "datasets[0].longest: expected seconds, more than 0, found 0.")]),
    ("seed = 3", "shortest = nan", [(24, "datasets[0].shortest: expected seconds, more than 0, found nan.")]),
    ("jaxeval-v1", "jaxeval-v2", [(1, "protocol: unknown 'jaxeval-v2'. Did you mean jaxeval-v1?")]),
    ('"csim_div"', '"csim_dvi"', [(2, "scores: expected the name of a score, found 'csim_dvi'.")]),
    ('["lpips", "csim_div"]', "[]", [(2, "scores: expected at least one name, found none.")]),
    ("[statistics]", "[statistics.more]", [(4, "statistics.more: unknown. Choose from level, resamples, seed.")]),
    ('["lpips", "csim_div"]', '"lpips"', [(2, "scores: expected `array | null`, found `str`.")]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES, ids=[new for _, new, _ in CHANGES])
def test_one_fault(tmp_path, old, new, expected):
    assert GOOD.count(old) >= 1
    found = faults(tmp_path, GOOD.replace(old, new, 1))
    assert [line for line, _ in found] == [line for line, _ in expected]
    for (_, text), (_, words) in zip(found, expected, strict=True):
        assert text.startswith(words)


def test_all_faults_at_once(tmp_path):
    text = GOOD.replace("year", "yaer").replace("root", "rot").replace("level = 0.9", 'level = "much"')
    assert [line for line, _ in faults(tmp_path, text)] == [5, 11, 19, 21, 26, 28]


def test_no_methods_and_no_datasets(tmp_path):
    assert faults(tmp_path, "") == [(1, "expected methods, found none"), (1, "expected datasets, found none.")]
    assert faults(tmp_path, "methods = []\ndatasets = []\n") == [
        (1, "methods: expected at least one [[methods]], found none"),
        (2, "datasets: expected at least one [[datasets]], found none."),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"methods = [", "expected a TOML file, found: TOMLDecodeError: "),
        (b"\xff\xfe", "expected a TOML file, found: UnicodeDecodeError: "),
        (b"a = 1\na = 2\n", "expected a TOML file, found: TOMLDecodeError: Cannot overwrite a value (at line 2"),
    ],
)
def test_no_toml(tmp_path, content, words):
    (tmp_path / "bench.toml").write_bytes(content)
    with pytest.raises(JaxevalError, match=re.escape(words)):
        read_bench(tmp_path / "bench.toml")


def test_no_file(tmp_path):
    with pytest.raises(JaxevalError, match=r"bench\.toml: expected a benchmark, found no such file\. Write one"):
        read_bench(tmp_path / "bench.toml")
