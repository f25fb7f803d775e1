"""The encoders that come with their weights against their PyTorch twins, with which the benchmarks compare them."""

import functools

import jax
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")

from .parity import relative, run  # noqa: E402
from .twins import blaze_face, dlib_resnet, face_mesh, st_lpips_alex  # noqa: E402

OUTPUTS = {
    "st_lpips_alex": ["tap1", "tap2", "tap3", "tap4", "tap5"],
    "dlib_resnet": ["embedding"],
    "face_mesh": ["landmarks", "presence"],
    "blaze_face": ["offsets", "logits"],
}
TWINS = dict(zip(OUTPUTS, (st_lpips_alex, dlib_resnet, face_mesh, blaze_face), strict=True))


@functools.cache
def built(name):
    return TWINS[name].build(0)


def ours(name, encoder, inputs):
    """Our outputs under the twin's names."""
    if hasattr(TWINS[name], "ours"):
        return TWINS[name].ours(encoder, inputs)
    return dict(zip(OUTPUTS[name], jax.tree.leaves(run(encoder, inputs)), strict=True))


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("count", [1, 3])
def test_outputs_are_the_twins(trained, name, count):
    inputs = TWINS[name].inputs(count, seed=count)
    assert inputs.min() >= 0
    assert inputs.max() <= 1
    found, expected = ours(name, trained(name), inputs), TWINS[name].run(built(name), inputs)
    assert list(expected) == OUTPUTS[name]
    errors = {output: relative(found[output], expected[output]) for output in expected}
    assert max(errors.values()) <= 1e-4, errors


@pytest.mark.parametrize("name", TWINS)
def test_what_is_timed_is_what_is_compared(name):
    """Whichever way the frames lie in memory."""
    inputs = TWINS[name].inputs(2, seed=2)
    with torch.inference_mode():
        frames = torch.from_numpy(inputs).permute(0, 3, 1, 2).contiguous()
        outputs = TWINS[name].forward_torch(built(name), frames)
    expected = TWINS[name].run(built(name), inputs)
    assert outputs.keys() == expected.keys()
    for output, found in outputs.items():
        found = found.permute(0, 2, 3, 1) if found.ndim == 4 else found
        assert relative(found, expected[output]) <= 1e-5
