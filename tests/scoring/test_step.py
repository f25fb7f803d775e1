"""One definition of scoring: a batch of padded pairs gives what each pair gives alone, and what the command gives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxeval
from jaxeval.checkpoints import load_encoder
from jaxeval.demo.clips import talking_face
from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.step import FRAMES, OnEncoder, Rows, step

METRICS = {
    "l1": OnEncoder(FRAMES, jaxeval.l1),
    "mean": OnEncoder("mean", lambda x, y: jnp.abs(x - y)[:, 0]),
    "aligned": OnEncoder("mean", jaxeval.aligned(jaxeval.distances.squared_euclidean, gamma=0.01)),
}
NETWORKS = {"mean": lambda frames: frames.mean(axis=(1, 2))}


def clip(seed, count):
    return np.random.default_rng(seed).random((count, 8, 8, 3), dtype=np.float32)


def test_a_batch_of_padded_pairs_gives_what_each_gives_alone():
    """Whatever stands in the padding."""
    lengths = [(12, 9), (5, 12), (1, 1)]
    pairs = [(clip(k, t), clip(k + 10, s)) for k, (t, s) in enumerate(lengths)]
    filled = [
        np.stack([np.concatenate([side, clip(99, 12)])[:12] for side in sides]) for sides in zip(*pairs, strict=True)
    ]
    batch = jax.jit(jax.vmap(lambda x, y, t, s: step(NETWORKS, Rows(x, y, (t, s)), METRICS)))
    found = batch(*filled, *jnp.array(lengths).T)
    for k, (x, y) in enumerate(pairs):
        alone = step(NETWORKS, Rows(x, y), METRICS)
        common = min(lengths[k])
        for name in ("l1", "mean"):
            np.testing.assert_allclose(found[name][k, :common], alone[name], rtol=1e-6)
        for mine, theirs in zip(found["aligned"][:5], alone["aligned"][:5], strict=True):
            np.testing.assert_allclose(mine[k], theirs, rtol=1e-5, atol=1e-6)


def test_a_network_runs_once_over_each_clip():
    calls = []
    networks = {"mean": lambda frames: calls.append(1) or NETWORKS["mean"](frames)}
    step(networks, Rows(clip(0, 5), clip(1, 5)), METRICS)
    assert len(calls) == 2


@pytest.mark.parametrize("values", [lambda x, y: 1.0, lambda x, y: x.mean(axis=(1, 2))])
def test_a_framewise_metric_gives_a_value_a_frame(values):
    with pytest.raises(ValueError, match="a value for each of 5 frames"):
        step({}, Rows(clip(0, 5), clip(1, 6)), {"own": OnEncoder(FRAMES, values)})


def test_the_command_scores_by_the_same_definition(tmp_path):
    """Identity of a real pair: one compiled step over whole clips, and the command's blocks."""
    frames = talking_face()[0][:30]
    for name, pictures in (("y", frames), ("x", np.roll(frames, 2, axis=0))):
        write_video(tmp_path / f"{name}.mp4", pictures, 25, crf=10)
    paths = tmp_path / "x.mp4", tmp_path / "y.mp4"
    chips = [jaxeval.face_chips(jaxeval.read_video(path)) for path in paths]
    aligned = jaxeval.aligned(jaxeval.distances.cosine, gamma=JAXEVAL_V1.gamma["csim"], band=JAXEVAL_V1.band_frames)
    metrics = {"csim": OnEncoder("identity", jaxeval.csim), "csim_aligned": OnEncoder("identity", aligned)}
    networks = {"identity": load_encoder("dlib_resnet")}
    whole = jax.jit(lambda networks, pair: step(networks, pair, metrics))
    found = whole(networks, Rows(*chips))
    scores = jaxeval.score(*paths, scores=["csim", "csim_seq", "csim_div", "lag_ms_csim"]).clips[0].scores
    assert scores["csim"] == pytest.approx(float(found["csim"].mean()), rel=1e-5)
    told = found["csim_aligned"]
    assert scores["csim_seq"] == pytest.approx(float(told.seq), rel=1e-3)
    assert scores["csim_div"] == pytest.approx(float(told.divergence), rel=1e-3)
    assert scores["lag_ms_csim"] == pytest.approx(40 * float(told.lag), rel=1e-3)
