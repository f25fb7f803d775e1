"""Which flags warn of a divergence, and which lags are doubted."""

import pytest

from jaxeval.results.catalogue import catalogue
from jaxeval.results.document import Row
from jaxeval.results.flags import TIME_FLAGS, TRUSTED, is_doubtful, time_flags


def test_flags_of_time_alone_warn_of_a_div():
    codes = ("timing", "frozen", "looped", "reversed", "static", "lags disagree", "lip offset")
    others = ("copy", "misregistered", "colour", "timings")
    flags = tuple(f"{code}: words: more" for code in (*codes, *others))
    assert codes == TIME_FLAGS
    assert time_flags(Row(id="a", flags=flags)) == list(flags[: len(codes)])
    assert time_flags(Row(id="a")) == []


@pytest.mark.parametrize(("support", "doubtful"), [(-0.8, True), (0.59, True), (TRUSTED, False), (1.0, False)])
def test_a_lag_is_doubted_by_its_own_support(support, doubtful):
    row, known = Row(id="a", lag_support={"expr": support}), catalogue({}, "expr")
    found = {name for name, score in known.items() if is_doubtful(row, score, known)}
    assert found == ({"lag_ms", "lag_ms_expr"} if doubtful else set()), "the lags, and neither spread nor divergence"


def test_an_unknown_support_is_no_doubt():
    known = catalogue({}, "lpips")
    assert not any(is_doubtful(Row(id="a"), score, known) for score in known.values())
