"""How far each encoder is from its twin in PyTorch, output by output: norm of the difference over norm.

python benchmarks/encoder_parity.py [NAME ...]

`oracle` says what the twin is: the original's own code or weights, or only our reading of it ("self-consistent only").
Packages: `pip install '.[convert]'`.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from encoder_twins import NAMES, encoder, module, table, twin

LIMIT = 1e-4
COUNTS = (1, 3)


def outputs(name: str, net, inputs) -> dict[str, np.ndarray]:
    """Ours under the twin's names."""
    read = getattr(twin(name), "ours", None)
    if read is not None:
        return read(net, inputs)
    found = jax.jit(lambda net, inputs: net(inputs))(net, jnp.asarray(inputs))
    return dict(enumerate(jax.tree.leaves(found)))


def rows(name: str) -> list[list[str]]:
    worst: dict[str, float] = {}
    net = encoder(name)
    for count in COUNTS:
        inputs = twin(name).inputs(count, count)
        theirs = twin(name).run(module(name), inputs)
        ours = outputs(name, net, inputs)
        if set(ours) != set(theirs):
            ours = dict(zip(theirs, ours.values(), strict=True))
        for output, expected in theirs.items():
            error = np.linalg.norm(np.asarray(ours[output], np.float64) - expected) / np.linalg.norm(expected)
            worst[output] = max(worst.get(output, 0.0), float(error))
    verdicts = {output: "ok" if error <= LIMIT else "ABOVE" for output, error in worst.items()}
    return [[name, output, f"{error:.1e}", verdicts[output], twin(name).ORACLE] for output, error in worst.items()]


def main() -> None:
    found = [["encoder", "output", "error", f"limit {LIMIT:g}", "oracle"]]
    for name in sys.argv[1:] or NAMES:
        found += rows(name)
    print(table(found))


if __name__ == "__main__":
    main()
