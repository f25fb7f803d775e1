"""Rows of a benchmark made up for the tests of tables and page: known differences, failures and missing scores."""

import numpy as np
import polars as pl

from jaxeval.benchmark.plan import PARADIGMS, Bench, Dataset, Method
from jaxeval.benchmark.shards import Row
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.catalogue import catalogue

KNOWN = catalogue(JAXEVAL_V1.encoders, JAXEVAL_V1.timing)
FEW = ("psnr", "lpips", "lpips_seq", "lpips_div", "lag_ms_lpips", "csim", "csim_div", "lag_ms_csim", "lip_sync")


def bench(methods=3, datasets=1):
    names = [f"method-{m}" for m in range(methods)]
    told = [
        Method(name, f"{name}/{{dataset}}/{{id}}.mp4", PARADIGMS[m % len(PARADIGMS)], 2015 + m if m % 4 else None)
        for m, name in enumerate(names)
    ]
    return Bench(told, [Dataset(f"set-{d}", f"set-{d}") for d in range(datasets)])


def rows(told, clips=6, scores=FEW, seed=0, failures=0.03, missing=0.05):
    """The method with the higher number is worse by every score; the first two are equal."""
    rng, found = np.random.default_rng(seed), []
    for dataset in told.datasets:
        for number in range(clips):
            clip, hard = f"{dataset.name}-clip-{number:03}", rng.normal()
            for m, method in enumerate(told.methods):
                key = (method.name, dataset.name, clip, f"person-{number // 2}")
                if rng.random() < failures:
                    found.append(Row(*key, "", None, f"no face in {clip}.mp4" if m % 2 else "decoding failed", ""))
                    continue
                found += [_row(key, name, m, hard, rng, missing) for name in scores]
    return pl.DataFrame(found, schema={f: pl.Float64 if f == "value" else pl.String for f in Row._fields}, orient="row")


def _row(key, name, m, hard, rng, missing):
    signature = f"{name}|jaxeval-v1|e:lpips_alex#0123abcd|v:0.1.0"
    if rng.random() < missing:
        return Row(*key, name, None, "the costs leave it open", signature)
    worse = (max(m - 1, 0) + 0.4 * hard + 0.3 * rng.normal()) / 5
    score = KNOWN[name]
    scale = {"dB": 8.0, "ms": 40.0, "px": 2.0}.get(score.unit, 0.2)
    middle = {"dB": 30.0, "ms": 20.0, "px": 4.0}.get(score.unit, 0.6)
    return Row(*key, name, middle + scale * worse * (-1 if score.better == "↑" else 1), "", signature)
