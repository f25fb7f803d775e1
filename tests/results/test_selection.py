"""Which scores a run computes: exactly those that are asked for, and what they can't do without."""

from dataclasses import replace

import pytest

from jaxeval.errors import JaxevalError
from jaxeval.protocol import ARXIV_2606_01031, JAXEVAL_V1
from jaxeval.results.catalogue import metrics_of, own_metric
from jaxeval.results.definitions import TIMING
from jaxeval.results.selection import select


def names(selection):
    return [metric.name for metric in selection.metrics]


def kept(selection):
    return {name for name in selection.known if selection.keeps(name)}


@pytest.mark.parametrize("protocol", [JAXEVAL_V1, ARXIV_2606_01031], ids=lambda protocol: protocol.name)
def test_without_names_it_is_the_protocols(protocol):
    own = own_metric("beauty", {})
    selection = select(protocol, own=[own])
    assert selection.metrics == (*metrics_of(protocol), own)
    assert kept(selection) == set(selection.known)
    assert {metric.name for metric in selection.metrics if selection.aligns(metric)} == set(protocol.aligned)
    others = {name for role, name in protocol.encoders.items() if role != "detector"}
    assert set(selection.encoders) == others


def test_csim_alone_selects_only_csim():
    selection = select(JAXEVAL_V1, ["csim"])
    (csim,) = selection.metrics
    assert csim.name == "csim"
    assert kept(selection) == {"csim"}
    assert selection.encoders == ["dlib_resnet"]
    assert selection.wants(csim, aligned=False)
    assert not selection.wants(csim, aligned=True)
    assert not selection.aligns(csim)


def test_its_divergence_alone_aligns_and_leaves_the_rest():
    selection = select(JAXEVAL_V1, ["csim_div"])
    (csim,) = selection.metrics
    assert kept(selection) == {"csim_div"}
    assert not selection.wants(csim, aligned=False)
    assert selection.wants(csim, aligned=True)
    assert selection.aligns(csim)


@pytest.mark.parametrize("name", ["lag_ms", "lag_std_ms", "lag_beyond_80ms", "lag_drift"])
@pytest.mark.parametrize("protocol", [JAXEVAL_V1, ARXIV_2606_01031], ids=lambda protocol: protocol.name)
def test_the_clips_lag_brings_the_timing_metric(protocol, name):
    selection = select(protocol, [name])
    assert names(selection) == ["timing", protocol.timing]
    timed = selection.metrics[1]
    assert selection.aligns(timed)
    assert not selection.wants(timed, aligned=False)
    assert not selection.wants(timed, aligned=True), "its own scores aren't asked for"
    assert kept(selection) == {name}
    assert selection.encoders == [protocol.encoders["perceptual"]]
    assert not selection.aligns(TIMING)


def test_the_order_is_the_catalogues_and_nothing_comes_twice():
    selection = select(JAXEVAL_V1, ["m_lmd", "csim_div", "psnr", "csim", "psnr", "lag_ms", "lpips"])
    assert names(selection) == ["timing", "psnr", "lpips", "csim", "m_lmd"]
    assert kept(selection) == {"m_lmd", "csim_div", "psnr", "csim", "lag_ms", "lpips"}


def test_st_lpips_is_computed_if_asked_for_and_only_then():
    selection = select(JAXEVAL_V1, ["st_lpips", "st_lpips_div"])
    assert (names(selection), selection.encoders) == (["st_lpips"], ["st_lpips_alex"])
    assert selection.aligns(selection.metrics[0])
    assert {"st_lpips", "st_lpips_div"}.isdisjoint(names(select(JAXEVAL_V1)))


def test_a_misspelt_name_gives_the_nearest():
    with pytest.raises(JaxevalError) as refused:
        select(JAXEVAL_V1, ["psnr", "csim_dvi"])
    assert str(refused.value) == "scores: expected the name of a score, found 'csim_dvi'. Did you mean csim_div?"
    assert names(select(JAXEVAL_V1, ["psnr", "csim_dvi"], open_names=True)) == ["psnr"]
    assert select(JAXEVAL_V1, ["gaze_div"], open_names=True).keeps("gaze_div")


@pytest.mark.parametrize("name", ["iqa", "vqa", "fps"])
def test_what_the_user_must_supply_is_refused_without(name):
    with pytest.raises(JaxevalError, match=f"scores: {name} has no scorer. Register one, or leave it out."):
        select(JAXEVAL_V1, [name])


def test_a_scorer_of_the_users_can_be_asked_for():
    own = [own_metric(name, {"better": "↑"}) for name in ("iqa", "beauty")]
    assert names(select(JAXEVAL_V1, ["beauty"], own)) == ["beauty"]
    assert kept(select(JAXEVAL_V1, ["beauty", "iqa", "psnr"], own)) == {"beauty", "iqa", "psnr"}
    with pytest.raises(JaxevalError, match="vqa has no scorer"):
        select(JAXEVAL_V1, ["vqa"], own)


def test_no_name_at_all_is_refused():
    with pytest.raises(JaxevalError, match=r"found none\. Pass None for all scores\."):
        select(JAXEVAL_V1, [])


def test_a_metric_of_another_protocol_is_computed_on_its_own_network():
    selection = select(JAXEVAL_V1, ["lpips", "sync_c"])
    assert names(selection) == ["lpips", "sync"]
    assert selection.encoders == ["lpips_alex", "syncnet"]


@pytest.mark.parametrize("name", ["csim", "id_distance", "lag_ms_csim"])
def test_a_score_without_an_encoder_is_refused(name):
    encoders = {role: encoder for role, encoder in JAXEVAL_V1.encoders.items() if role != "identity"}
    text = f"scores: {name} needs an encoder for identity, and jaxeval-v1 names none. Choose another protocol"
    with pytest.raises(JaxevalError, match=text):
        select(replace(JAXEVAL_V1, encoders=encoders), [name])
