"""How far each encoder is from its twin in PyTorch, output by output: norm of the difference over norm.

python benchmarks/encoder_parity.py [NAME ...]

`oracle` says what the twin is: the original's own code or weights, or only our reading of it ("self-consistent only").
Packages: `pip install '.[convert]'`.
"""

import sys
from functools import partial

import jax
import numpy as np
from encoder_twins import NAMES, encoder, module, ours, table, twin

LIMIT = 1e-4
COUNTS = {"syncnet": (5, 8)}
"""Of frames; 1 and 3 where it isn't said."""


def rows(name: str) -> list[list[str]]:
    worst: dict[str, float] = {}
    net = encoder(name)
    for count in COUNTS.get(name, (1, 3)):
        inputs = twin(name).inputs(count, count)
        theirs = twin(name).run(module(name), inputs)
        found = jax.jit(partial(ours, name))(net, inputs)
        for (output, expected), array in zip(theirs.items(), found, strict=True):
            error = np.linalg.norm(np.asarray(array, np.float64) - expected) / np.linalg.norm(expected)
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
