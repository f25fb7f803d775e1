"""Run by `test_debug_nans.py` in a process of its own: every public function, uncompiled, with NaN and inf refused."""

import sys
import time
from pathlib import Path

import jax

sys.path.insert(0, str(Path(__file__).parent))

from every_function import CASES


def main(*names):
    jax.config.update("jax_debug_nans", True)
    wrong = []
    for name in names or CASES:
        case = CASES[name]
        jax.config.update("jax_debug_infs", not case.infinite)
        start = time.monotonic()
        try:
            jax.block_until_ready(case.function(*map(jax.numpy.asarray, case.arrays)))
        except FloatingPointError as error:
            wrong.append(f"{name}: {str(error).splitlines()[0]}")
        print(name, round(time.monotonic() - start, 1), flush=True)
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
