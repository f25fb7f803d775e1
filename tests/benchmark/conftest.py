"""A page that several modules look at."""

import pytest

from .pages import BENCH, Page, written
from .synthetic_rows import rows


@pytest.fixture(scope="module")
def page_rows():
    return rows(BENCH, clips=8, failures=0.2)


@pytest.fixture(scope="module")
def built(tmp_path_factory, page_rows):
    """The board, the page's file, and the page."""
    found, path = written(tmp_path_factory.mktemp("page"), page_rows)
    return found, path, Page(path.read_text("utf-8"))
