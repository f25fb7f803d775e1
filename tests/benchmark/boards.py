"""Rows of a benchmark made up for tests: known differences, lags, failures, missing scores and long names."""

import numpy as np
import polars as pl

from jaxeval.benchmark.plan import PARADIGMS, Bench, Dataset, Method, Statistics
from jaxeval.benchmark.shards import Row
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.catalogue import catalogue

KNOWN = catalogue(JAXEVAL_V1.encoders, JAXEVAL_V1.timing)
SCORES = (
    "lag_ms", "psnr", "lpips", "lpips_div", "lag_ms_lpips", "csim", "csim_div", "lag_ms_csim", "lip_sync", "jerk",
    "tlpips", "head_motion", "fid",
)  # fmt: skip
NAMES = (
    "Ditto", "EchoMimic", "FLOAT", "Hallo3", "Sonic", "Hallo2", "Hallo", "AniPortrait", "MuseTalk", "V-Express",
    "AniTalker", "MEMO", "JoyVASA", "EDTalk", "SadTalker", "DreamTalk", "IP-LAP", "TalkLip", "Audio2Head", "Wav2Lip",
    "KeyFace", "Takin", "OmniHuman", "EMO", "VASA-1",
)  # fmt: skip


def synthetic_bench(methods=5, datasets=2, *, long_names=False):
    """Methods of all paradigms in turn."""
    names = [f"{name}-{'x' * (23 - len(name))}" if long_names else name for name in NAMES[:methods]]
    told = [Method(name, "{dataset}/{id}.mp4", PARADIGMS[m % len(PARADIGMS)]) for m, name in enumerate(names)]
    sets = [Dataset(f"set-{d}", f"set-{d}") for d in range(datasets)]
    return Bench(told, sets, statistics=Statistics(resamples=100))


def synthetic_rows(methods=5, datasets=2, clips=8, seed=0, *, scores=SCORES, missing=0.05, equal=False, bench=None):
    """Rows and their benchmark.

    The method with the higher number is worse by every score, but for chance; its lag is 30 ms longer, which worsens
    its frame-wise scores and leaves those after alignment alone. With `equal`, all methods have the same numbers.
    """
    bench = bench or synthetic_bench(methods, datasets)
    rng, rows = np.random.default_rng(seed), []
    offsets = np.zeros(len(bench.methods)) if equal else rng.normal(0, 2, len(bench.methods))
    for dataset in bench.datasets:
        for clip in range(clips):
            hard = 0.0 if equal else rng.normal()
            for m, method in enumerate(bench.methods):
                key = (method.name, dataset.name, f"{dataset.name}-{clip:03}", f"person-{clip // 2}")
                if rng.random() < missing / 2:
                    rows.append(Row(*key, "", None, "no face", ""))
                    continue
                worse = 0.0 if equal else m + offsets[m] + 0.4 * hard + 0.5 * rng.normal()
                lag = 0.0 if equal else 30 * (m % 7) - 40 + 12 * rng.normal()
                for name in scores:
                    absent = rng.random() < missing
                    value = None if absent else _value(KNOWN[name], worse, lag)
                    rows.append(Row(*key, name, value, "left open" if absent else "", f"{name}|v:1"))
    kinds = {field: pl.Float64 if field == "value" else pl.String for field in Row._fields}
    return pl.DataFrame(rows, schema=kinds, orient="row"), bench


def _value(score, worse, lag):
    if score.form in ("lag", "lag_std"):
        return lag
    late = abs(lag) / 20 if score.form == "framewise" else 0.0
    scale = {"dB": 0.5, "px": 0.3, "°": 0.4}.get(score.unit, 0.02)
    middle = {"dB": 30.0, "px": 4.0, "°": 8.0}.get(score.unit, 0.6)
    return middle + scale * (worse + late) * (-1 if score.better == "↑" else 1)
