"""SyncNet's scores against torch's own operations, against loops in float64, and under known delays."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxeval.alignment import distances
from jaxeval.metrics.aligned import aligned
from jaxeval.metrics.sync import legacy_windows, sync_scores
from tests.quickly import QUICKLY

FORMS = ("legacy", "valid")


def embeddings(visual: int, audio: int, late: int = 0, seed: int = 0, width: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """A clip whose picture is `late` frames late: v_i = a_{i - late} and a little noise."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(size=(max(visual, audio) + 2 * abs(late), width)) * 3
    picture = sound[abs(late) - late :][:visual] + rng.normal(size=(visual, width)) * 0.5
    return picture.astype(np.float32), sound[abs(late) :][:audio].astype(np.float32)


def by_loop(visual, audio, form, max_offset, m, n):
    """From the definition, window by window in float64: the mean distance at each offset."""
    curve = []
    for offset in range(-max_offset, max_offset + 1):
        terms = []
        for i in range(m):
            inside = 0 <= i - offset < n
            partner = audio[i - offset] if inside else np.zeros(audio.shape[1])
            if inside or form == "legacy":
                terms.append(np.sqrt(((visual[i].astype(np.float64) - partner + 1e-6) ** 2).sum()))
        curve.append(np.mean(terms))
    return np.array(curve)


@pytest.mark.parametrize("late", [-15, -4, 0, 3, 15])
@pytest.mark.parametrize("windows", [1, 20, 95])
def test_legacy_is_torchs(late, windows):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
    visual, audio = embeddings(windows, windows, late)
    picture = torch.from_numpy(visual)
    padded = torch.nn.functional.pad(torch.from_numpy(audio), (0, 0, 15, 15))
    rows = [torch.nn.functional.pairwise_distance(picture[[i]], padded[i : i + 31]) for i in range(windows)]
    mean = torch.stack(rows).mean(dim=0)
    least, index = mean.min(dim=0)
    scores = sync_scores(jnp.asarray(visual), jnp.asarray(audio))
    np.testing.assert_allclose(scores.curve, mean.numpy()[::-1], rtol=1e-5)
    np.testing.assert_allclose(scores.sync_d, least, rtol=1e-5)
    np.testing.assert_allclose(scores.sync_c, torch.median(mean) - least, atol=2e-5)
    assert float(scores.offset) == 15 - int(index)


def test_equal_embeddings_have_torchs_distance():
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
    clip = embeddings(40, 40)[0]
    expected = torch.nn.functional.pairwise_distance(torch.from_numpy(clip), torch.from_numpy(clip)).mean()
    assert float(expected) > 1e-6
    for form in FORMS:
        scores = sync_scores(jnp.asarray(clip), jnp.asarray(clip), form=form)
        np.testing.assert_allclose(scores.sync_d, expected, rtol=1e-3)
        assert float(scores.offset) == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("max_offset", [1, 7, 15])
@pytest.mark.parametrize(("m", "n"), [(40, 40), (33, 50), (60, 31)])
def test_it_is_the_loop(form, max_offset, m, n):
    visual, audio = embeddings(m, n, 2)
    m, n = (min(m, n),) * 2 if form == "legacy" else (m, n)
    expected = by_loop(visual, audio[:n], form, max_offset, m, n)
    scores = jax.jit(partial(sync_scores, form=form, max_offset=max_offset, lengths=(m, n)))(visual, audio)
    np.testing.assert_allclose(scores.curve, expected, rtol=1e-5)
    np.testing.assert_allclose(scores.sync_d, expected.min(), rtol=1e-5)
    np.testing.assert_allclose(scores.sync_c, np.median(expected) - expected.min(), atol=1e-5)
    assert float(scores.offset) == np.argmin(expected) - max_offset


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("late", [-12, -1, 0, 5])
def test_positive_is_a_late_picture_and_delayed_sound_lowers_it(form, late):
    visual, audio = embeddings(90, 110, late)
    for delay in (0, 3, 10):
        sound = np.concatenate([np.random.default_rng(delay).normal(size=(delay, 16)), audio])[:90]
        scores = sync_scores(jnp.asarray(visual), jnp.asarray(sound, jnp.float32), form=form, max_offset=24)
        assert float(scores.offset) == late - delay


def test_the_aligned_forms_lag_has_the_same_sign():
    late = 4
    visual, audio = embeddings(80, 80, late)
    score = aligned(distances.squared_euclidean, gamma=0.01)(jnp.asarray(visual), jnp.asarray(audio))
    assert float(score.lag) == pytest.approx(late, abs=0.5)


def test_the_valid_form_does_not_depend_on_the_clips_length():
    """A sequence that repeats itself has the same mean distance at every length; zero pads would move it."""
    rng = np.random.default_rng(0)
    cycle = rng.normal(size=(20, 16)).astype(np.float32)

    def curve(form, repeats):
        clip = jnp.asarray(np.tile(cycle, (repeats, 1)))
        return np.asarray(sync_scores(clip, clip, form=form, max_offset=10).curve)

    # 20·k windows at offset o leave 20·k - |o| pairs; at 0 and ±10 these are whole and half periods.
    short, long = curve("valid", 2), curve("valid", 10)
    np.testing.assert_allclose(short[[0, 10, 20]], long[[0, 10, 20]], atol=1e-5)
    assert np.abs(curve("legacy", 2) - curve("legacy", 10)).max() > 0.3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("padding", [0.0, 1e6, np.nan])
def test_padding_has_no_part_under_vmap(form, padding):
    clips = [embeddings(50, 50, 2, seed=1), embeddings(37, 37, -5, seed=2)]
    padded = [[np.pad(x, ((0, 60 - len(x)), (0, 0)), constant_values=padding) for x in clip] for clip in clips]
    visual, audio = (jnp.asarray(np.stack(side)) for side in zip(*padded, strict=True))
    lengths = jnp.array([50, 37], jnp.int32)

    @jax.jit
    def scores(visual, audio):
        return jax.vmap(lambda v, a, n: sync_scores(v, a, form=form, lengths=(n, n)))(visual, audio, lengths)

    together = scores(visual, audio)
    alone = [sync_scores(*map(jnp.asarray, clip), form=form) for clip in clips]
    stacked = jax.tree.map(lambda *values: np.stack(values), *alone)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), together, stacked)
    gradient = jax.grad(lambda v: scores(v, audio).sync_d.sum())(visual)
    assert np.isfinite(gradient).all()
    assert (gradient[0, 50:] == 0).all()


@pytest.mark.parametrize(("form", "lengths"), [("legacy", (40, 39)), ("valid", (30, 40)), ("valid", (40, 30))])
def test_traced_lengths_that_do_not_fit_give_nan(form, lengths):
    visual, audio = map(jnp.asarray, embeddings(40, 40))
    traced = jax.jit(lambda m, n: sync_scores(visual, audio, form=form, lengths=(m, n)))
    assert all(np.isnan(value).all() for value in traced(*map(jnp.int32, lengths)))


@pytest.mark.parametrize("form", FORMS)
def test_gradient_is_that_of_finite_differences(form):
    with jax.enable_x64(True):
        visual, audio = (jnp.asarray(x, jnp.float64) for x in embeddings(12, 12, 1, width=4))

        def loss(visual, audio):
            scores = sync_scores(visual, audio, form=form, max_offset=2)
            return scores.sync_d + 2 * scores.sync_c + scores.curve[0]

        check_grads(jax.jit(loss), (visual, audio), order=1, modes=("rev", "fwd"), eps=1e-6)


@partial(jax.jit, static_argnums=2, compiler_options=QUICKLY)
@jax.grad
def slope_of_all(visual, audio, form):
    return sum(map(jnp.sum, sync_scores(visual, audio, form=form)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", [0.0, 1.0, -1e-6])
def test_gradient_is_finite_where_picture_and_sound_are_equal(form, level):
    clip = jnp.full((40, 8), level)
    assert np.isfinite(slope_of_all(clip, clip, form)).all()


@pytest.mark.parametrize(
    ("frames", "samples", "expected"), [(100, 64000, 95), (100, 63999, 94), (90, 64000, 85), (6, 3840, 1)]
)
def test_legacy_windows(frames, samples, expected):
    assert legacy_windows(frames, samples) == expected


@pytest.mark.parametrize(("frames", "samples"), [(5, 64000), (100, 3839)])
def test_legacy_windows_of_a_clip_too_short(frames, samples):
    with pytest.raises(ValueError, match=rf"at least 6 frames and 3840 samples .* got {frames} frames and {samples}"):
        legacy_windows(frames, samples)


@pytest.mark.parametrize(
    ("visual", "audio", "arguments", "message"),
    [
        ((40, 8), (40, 9), {}, r"Expected embeddings \[M, D\] and \[N, D\] of the same D, got \(40, 8\) and \(40, 9\)"),
        ((40, 8), (39, 8), {}, "Expected as many visual as audio windows for the legacy form, got 40 and 39"),
        ((40, 8), (30, 8), {"form": "valid"}, "Expected more than 30 windows on both sides, got 40 and 30"),
        ((40, 8), (40, 8), {"lengths": (41, 41)}, r"Expected lengths\[0\] in 1..40"),
        ((40, 8), (40, 8), {"max_offset": 0}, "Expected max_offset >= 1, got 0"),
        ((40, 8), (40, 8), {"form": "exact"}, "Expected form to be one of legacy, valid, got exact"),
    ],
)
def test_bad_arguments(visual, audio, arguments, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda v, a: sync_scores(v, a, **arguments), jnp.zeros(visual), jnp.zeros(audio))


def test_whole_numbers_are_refused():
    with pytest.raises(ValueError, match="Expected floating-point embeddings, got int32 and int32"):
        sync_scores(jnp.zeros((40, 8), jnp.int32), jnp.zeros((40, 8), jnp.int32))
