"""The code of docs/alignment.md runs, prints what it says, and its listing is the textbook's."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from jaxeval.alignment.textbook import soft_dtw_by_loops

PAGE = (Path(__file__).parents[2] / "docs" / "alignment.md").read_text("utf-8")
LISTING, *BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS, ids=range(len(BLOCKS)))
def test_code_runs_and_prints_what_it_says(code, capsys):
    exec(compile(code, "docs/alignment.md", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    comments = re.findall(r"^(?:print.*  )?# (.*)", code, flags=re.MULTILINE)
    for line, comment in zip(printed, comments, strict=False):
        assert comment.startswith(line)


def test_the_listing_is_the_textbooks():
    *_, body = inspect.getsource(soft_dtw_by_loops).split('"""\n')
    assert LISTING.endswith(body)
    names: dict = {}
    exec(compile(LISTING, "docs/alignment.md", "exec"), names)
    cost = np.arange(12.0).reshape(3, 4) % 5
    assert names["soft_dtw_by_loops"](cost, 0.5)[0] == soft_dtw_by_loops(cost, 0.5)[0]
