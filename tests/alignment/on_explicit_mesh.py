"""Run by `test_meshes.py` in a process of its own, on four devices, with names of functions or with none for all."""

import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

sys.path.append(str(Path(__file__).parents[1]))

from every_function import CASES, with_slopes
from quickly import QUICKLY

import jaxeval
from jaxeval.checkpoints.load import abstract_encoder

LOOSE = {"psnr": 1e-4, "registration": 1e-3, "misregistered": 1e-3, "niqe": 3e-3, "standardized_variates": 1e-4}
"""Where the last digits of a sum matter more: NIQE's float32 is documented to be good to 3e-3, and the gradient of
`standardized_variates` is 4e-5 from float64's on one device."""
SHIPPED = {"dlib_resnet": 150, "face_mesh": 192, "blaze_face": 128, "st_lpips_alex": 32}
SEEDED = {"lpips_alex": 32, "lpips_vgg": 16, "lpips_squeeze": 32, "st_lpips_vgg": 18, "arcface_r50": 112}
RNG = np.random.default_rng(0)
OPTIMIZED = {"eye_openness"}
"""Its gradient goes to the frames in a median; rounding decides between two that are almost equal."""


def sharded(array, kind):
    mesh = jax.make_mesh((4,), ("devices",), axis_types=(kind,))
    return jax.device_put(array, NamedSharding(mesh, PartitionSpec("devices")))


def agree(name, found, expected):
    limit = LOOSE.get(name.split(",")[0], 2e-5)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        size = np.abs(b[np.isfinite(b)]).max(initial=1e-3)
        np.testing.assert_allclose(a, b, rtol=limit, atol=limit * size, err_msg=name)


def check(name, function, arrays, kind, leading=()):
    compiled = jax.jit(function, compiler_options=None if name in OPTIMIZED else QUICKLY)
    found = compiled(*leading, *(sharded(array, kind) for array in arrays))
    agree(name, found, compiled(*leading, *arrays))


def check_case(name, batch_only):
    """A batch with its gradients on explicit axes, a clip's frames on automatic ones; `test_meshes.py` traces more."""
    case = CASES[name]
    function = partial(with_slopes, case.function) if case.has_gradient else case.function
    batch = [np.stack([array * (1 - 0.01 * k) for k in range(4)]) for array in case.arrays]
    check(name, jax.vmap(function), batch, AxisType.Explicit)
    if not batch_only:
        check(name, case.function, case.arrays, AxisType.Auto)


def seeded(name):
    def filled(leaf):
        scale = np.sqrt(2 / max(1, np.prod(leaf.shape[:-1])))
        return jnp.asarray(scale * RNG.standard_normal(leaf.shape), jnp.float32)

    net = jax.tree.map(filled, abstract_encoder(name))
    return jax.tree.map(lambda x: jnp.abs(x) if x.ndim == 1 else x, net)


def check_encoder(name, kind):
    net = jaxeval.load_encoder(name) if name in SHIPPED else seeded(name)
    side = (SHIPPED | SEEDED)[name]
    x, y = RNG.uniform(size=(2, 4, side, side, 3)).astype(np.float32)
    check(name, lambda net, x: net(x), (x,), kind, (net,))
    if "lpips" in name:
        check(name, jaxeval.lpips, (x, y), kind, (net,))
        check(name, jaxeval.lpips_matrix, (x, y), kind, (net,))


def check_ways():
    """Uncompiled, with the mesh as the context's, and with manual axes: by PSNR, whose results are rows."""
    x, y = (sharded(array, AxisType.Explicit) for array in CASES["psnr"].arrays)
    expected = jaxeval.psnr(*CASES["psnr"].arrays)

    def of_one(x, y):
        return jaxeval.psnr(x[None], y[None])[0]

    mesh, spec = jax.make_mesh((4,), ("devices",)), PartitionSpec("devices")
    manual = jax.shard_map(jaxeval.psnr, mesh=mesh, in_specs=(spec, spec), out_specs=spec)
    for function in (jaxeval.psnr, jax.vmap(of_one), jaxeval.checked(jaxeval.psnr), manual, jax.jit(manual)):
        agree("psnr", function(x, y), expected)
    with jax.set_mesh(mesh):
        agree("psnr", jaxeval.psnr(x, y), expected)
        agree("psnr", jax.jit(jaxeval.psnr)(*CASES["psnr"].arrays), expected)


def main(*names):
    assert len(jax.devices()) == 4
    check_ways()
    wrong = []
    for name in names or (*CASES, *SHIPPED, *SEEDED):
        print(name, flush=True)
        try:
            if name in CASES:
                check_case(name, batch_only=bool(names))
            else:
                for kind in (AxisType.Explicit,) if names else (AxisType.Explicit, AxisType.Auto):
                    check_encoder(name, kind)
        except (AssertionError, ValueError, TypeError) as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main(*sys.argv[1:])
