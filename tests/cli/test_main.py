"""The command as a whole: version, help, start-up, completion, interruption."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from .command import run


@pytest.mark.parametrize(
    "arguments",
    [[], ["score"], ["score", "a", "b", "--region", "mouth"], ["score", "a", "b", "--protocol"], ["nonsense"]],
)
def test_words_that_make_no_command(capsys, arguments):
    assert run(capsys, *arguments)[0] == 2


def test_the_installed_command_prints_one_line_and_no_traceback(files, tmp_path):
    command = [sys.executable, "-m", "jaxeval.cli.main", "score", "nowhere.mp4", str(files / "reference.mp4")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("jaxeval: nowhere.mp4: expected ")
    assert done.stdout == ""


@pytest.mark.parametrize("module", ["jaxeval", "jaxeval.cli.main"])
def test_the_version(module):
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"jaxeval {version('jaxeval')}\n", "")


def test_the_package_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "jaxeval", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "usage: jaxeval" in done.stdout
    assert "--version" in done.stdout


HEAVY = {"jax", "flax", "orbax", "av", "scipy", "polars", "numpy", "matplotlib"}
START = """
import sys, types
from importlib.util import find_spec
package = types.ModuleType("jaxeval")  # what `import jaxeval` itself brings along is not the command's
package.__path__ = find_spec("jaxeval").submodule_search_locations
sys.modules["jaxeval"] = package
from jaxeval.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as stopped:
    print("exit", stopped.code)
print("loaded", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def started(*words):
    """Output, exit code, and the packages that the command loaded."""
    done = subprocess.run([sys.executable, "-c", START, *map(str, words)], capture_output=True, text=True)
    *out, code, loaded = done.stdout.splitlines()
    return "\n".join(out) + done.stderr, int(code.split()[1]), set(loaded.split()[1:])


@pytest.mark.parametrize(
    "words",
    ["--help", "--version", "score --help", "compare --help", "weights --help", "score", "score a b --gamma -1"],
)
def test_nothing_heavy_is_loaded_to_explain_or_refuse(words):
    assert not started(*words.split())[2] & HEAVY


def test_comparing_loads_no_jax_and_no_scipy(runs):
    text, code, loaded = started("compare", *runs)
    assert (code, "ssim" in text) == (0, True)
    assert not loaded & (HEAVY - {"numpy"})


def test_the_help_of_every_command_names_the_exit_codes(capsys):
    for words in ([], ["score"], ["compare"], ["doctor"]):
        code, text, _ = run(capsys, *words, "--help")
        assert code == 0
        assert "Exit code" in text


def test_bash_completes_commands_and_options(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "jaxeval", "--tyro-print-completion", "bash"], capture_output=True, text=True
    )
    (tmp_path / "jaxeval.sh").write_text(done.stdout)
    ask = (
        'source jaxeval.sh; COMP_WORDS=(jaxeval $0 ""); COMP_WORDS[-1]="$1"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
        '"$(complete -p jaxeval | sed "s/.*-F \\([^ ]*\\) .*/\\1/")"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    for before, word, expected in (
        ("", "co", "compare"),
        ("score", "--noi", "--noise-floor"),
        ("weights", "", "verify"),
    ):
        found = subprocess.run(["bash", "-c", ask, before, word], cwd=tmp_path, capture_output=True, text=True)
        assert expected in found.stdout.splitlines(), (before, word, found)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "interrupted. Results so far are kept; run the same command again to resume."),
        (
            RuntimeError("one\ntwo"),
            2,
            "unexpected RuntimeError: one. Please rerun with JAXEVAL_DEBUG=1 and report the output.",
        ),
    ],
    ids=["interrupt", "fault"],
)
def test_what_ends_a_command_is_one_line(monkeypatch, capsys, error, code, line):
    def broken(*_):
        raise error

    monkeypatch.setattr("jaxeval.cli.compare.Compare.run", broken)
    assert run(capsys, "compare", "a", "b") == (code, "", f"jaxeval: {line}\n")


def test_a_closed_pipe_is_one_line(runs):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "jaxeval", "compare", *map(str, runs), "--csv"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (2, "jaxeval: output pipe closed; results so far are kept.\n")


def test_the_package_says_that_it_is_typed():
    import jaxeval

    assert (Path(jaxeval.__file__).parent / "py.typed").exists()
