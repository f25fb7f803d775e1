"""How far each score is from an implementation that isn't ours, on the same inputs.

python benchmarks/metric_parity.py [--markdown] [GROUP ...]

Groups: image quality motion sound sets alignment perceptual identity sync faces lips feature_sets. `absolute` is the
largest deviation on any input, `relative` the largest over the largest value that the reference gives for that input;
`limit` is what one of the two is held to. With --markdown the rows are those of docs/scores.md.
Packages: `pip install '.[convert,test]' tslearn` and, with --no-deps, pytorch-msssim==1.0.0 cpbd==1.0.7
python_speech_features==0.6 torchmetrics==1.9.0 lightning-utilities lpips==0.1.4 stlpips-pytorch==0.0.2
syncnet-python==0.2.3 mimic-head==0.1.5. Not torch-fidelity: its wheel brings a package `tests` that hides ours.
Of a package that isn't there its golden file is read, or the row says what stands in or that nothing was measured.
"""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import metric_networks
import metric_oracles
import numpy as np
from encoder_twins import table, twin
from metric_oracles import FPS, Found, aligned_rows, installed, of_tests, package
from scipy.spatial.distance import cdist

import jaxeval
from jaxeval.alignment.distances import squared_euclidean

ARRAYS = ("image", "quality", "motion", "sound", "sets")
NETWORKS = ("perceptual", "identity", "sync", "faces", "lips", "feature_sets")

LOOP = "float64 loop"
SDTW = "long-double Soft-DTW on"
SLOT = "none: "


class Row(NamedTuple):
    """One line of the table; `limit` is "abs x" or "rel x"; `weights` names the encoder whose weights are random."""

    score: str
    paper: str
    reference: str
    limit: str
    tests: str
    weights: str = "no"


def _aligned(metric: str, label: str, paper: str, costs: str, tests: str, weights: str = "no") -> list[Row]:
    """The three rows of an aligned metric."""
    sdtw, timing = f"{SDTW} {costs}", f"lag of that alignment: mean and spread; {costs}"
    return [
        Row(f"{metric}_seq{label}", paper, sdtw, "rel 1e-4", tests, weights),
        Row(f"{metric}_div{label}", "", sdtw, "rel 1e-4", tests, weights),
        Row(f"lag_ms_{metric}{label}", "", timing, "abs 0.1", tests, weights),
    ]


ALIGNED = "alignment/test_soft_dtw, test_divergence; metrics/test_aligned"
LIVE = "liveportrait_motion"
MIMIC = twin("liveportrait_motion").ORACLE
LPIPS = package("lpips", "0.1.4")
ST = package("stlpips-pytorch", "0.0.2")
SYNC = f"twin, MFCCs of python_speech_features 0.6, distances of {package('syncnet-python', '', LOOP)}"
NETS = "metrics/test_perceptual; encoders/test_lpips_networks"
IDS = "metrics/test_identity; encoders/test_dlib_resnet"
ARC = "metrics/test_identity; encoders/test_arcface"
MOTION = "metrics/test_motion; encoders/test_shipped_twins"
SYNCS = "metrics/test_sync; encoders/test_syncnet"
FID = "encoders/test_inception_fid"
LIVE_TEST = "encoders/test_liveportrait_motion"
ARC_TEST = "encoders/test_arcface"
NIQE, FRECHET, SMOOTH = "metrics/test_niqe", "metrics/test_frechet", "metrics/test_smoothness"
FIDELITY = "torch-fidelity 0.4.0 (golden file)"
MESH = "twin of the face mesh"

PAPER = [
    Row("fid", "FID", "twin of pytorch-fid's, NumPy", "rel 1e-4", f"{FRECHET}; {FID}", "inception_fid"),
    Row("fvd", "FVD", "twin of pytorch-i3d, NumPy", "rel 1e-4", f"encoders/test_i3d; {FRECHET}", "i3d"),
    *(Row(f"lpips ({net})", "LPIPS", LPIPS, "abs 1e-5", NETS, f"lpips_{net}") for net in ("alex", "vgg", "squeeze")),
    Row("iqa", "IQA", f"{SLOT}the user's own scorer", "", "scoring/test_custom"),
    Row("vqa", "VQA", f"{SLOT}the user's own scorer", "", "scoring/test_custom"),
    Row("cpbd", "CPBD", package("cpbd", "1.0.7"), "abs 1e-7", "metrics/test_cpbd"),
    Row("psnr", "PSNR", package("scikit-image"), "rel 1e-5", "metrics/test_image"),
    Row("ssim", "SSIM", package("scikit-image"), "abs 2e-5", "metrics/test_image"),
    Row("ms_ssim", "MS-SSIM", package("pytorch-msssim", "1.0.0"), "abs 1e-5", "metrics/test_image"),
    Row("l1", "L1", f"PyTorch {package('torch').split()[1]}, float64", "rel 1e-5", "metrics/test_image"),
    Row("csim (ArcFace R50)", "CSIM", "twin of arcface_torch, NumPy", "abs 1e-5", ARC, "arcface_r50"),
    Row("csim (dlib)", "CSIM", "dlib's own embeddings (golden file); twin on video; NumPy", "abs 1e-5", IDS),
    Row("sync_c", "Sync-C", SYNC, "rel 1e-5", SYNCS, "syncnet"),
    Row("sync_d", "Sync-D", SYNC, "rel 1e-5", SYNCS, "syncnet"),
    Row("smooth", "Smooth", "VBench's steps in NumPy, interpolating by the mean", "abs 1e-5", SMOOTH),
    Row("fps", "FPS", f"{SLOT}a number that the user gives", "", "scoring/test_custom"),
    *_aligned("lpips", "", "LPIPS_seq", f"distances of {LPIPS}", f"{ALIGNED}, test_perceptual", "lpips_alex"),
    *_aligned("csim", " (ArcFace R50)", "CSIM_seq", "the twin's embeddings", f"{ALIGNED}; {ARC_TEST}", "arcface_r50"),
    *_aligned("csim", " (dlib)", "CSIM_seq", "the twin's embeddings", f"{ALIGNED}; encoders/test_dlib_resnet"),
    *_aligned("sync", "", "Sync-D_seq", "the twin's embeddings", f"{ALIGNED}; encoders/test_syncnet", "syncnet"),
    *_aligned("pose", " (LivePortrait)", "Smooth_seq^pose", MIMIC, f"{ALIGNED}; {LIVE_TEST}", LIVE),
    *_aligned("pose", " (mesh)", "Smooth_seq^pose", f"{MESH}, scipy's Rotation", f"{ALIGNED}, test_motion"),
    *_aligned("expr", " (LivePortrait)", "Smooth_seq^expr", MIMIC, f"{ALIGNED}; {LIVE_TEST}", LIVE),
    *_aligned("expr", " (mesh)", "Smooth_seq^expr", f"{MESH}, scipy's Rotation", f"{ALIGNED}, test_motion"),
]  # fmt: skip

OURS = [
    Row("st_lpips", "", ST, "abs 1e-5", f"{NETS}, test_st_lpips"),
    *_aligned("st_lpips", "", "", f"distances of {ST}", f"{ALIGNED}, test_perceptual"),
    Row("id_distance (dlib)", "", "dlib's own embeddings (golden file); twin on video; NumPy", "abs 1e-4", IDS),
    Row("id_distance (ArcFace R50)", "", "twin of arcface_torch, NumPy", "rel 1e-5", ARC, "arcface_r50"),
    Row("pose (mesh)", "", f"{MESH}, scipy's Rotation", "rel 1e-4", MOTION),
    Row("expr (mesh)", "", f"{MESH}, scipy's Rotation", "rel 1e-4", MOTION),
    Row("pose (LivePortrait)", "", MIMIC, "rel 1e-4", LIVE_TEST, LIVE),
    Row("expr (LivePortrait)", "", MIMIC, "rel 1e-4", LIVE_TEST, LIVE),
    Row("sync_offset_ms", "", SYNC, "abs 0", SYNCS, "syncnet"),
    Row("sync_c, sync_d (valid)", "", f"twin, {LOOP}", "rel 1e-5", SYNCS, "syncnet"),
    Row("lip_sync", "", f"{MESH}, oracle in NumPy", "abs 1e-4", "metrics/test_lip_sync"),
    Row("lip_sync_offset_ms", "", "the same", "abs 0.1", "metrics/test_lip_sync"),
    *_aligned("lip_sync", "", "", f"{MESH} and the same oracle", f"{ALIGNED}, test_lip_sync"),
    Row("voice_spectrum", "", "oracle in NumPy", "abs 1e-4", "metrics/test_lip_sync"),
    Row("mfcc", "", package("python_speech_features", "0.6"), "abs 1e-4", "metrics/test_mfcc"),
    Row("mfcc (other rates)", "", package("python_speech_features", "0.6"), "abs 1e-3", "metrics/test_mfcc"),
    *(Row(name, "", f"{MESH}, {LOOP}", "rel 1e-4", "metrics/test_landmarks") for name in ("lmd", "m_lmd")),
    Row("jerk", "", "NumPy's third differences in float64", "rel 1e-5", SMOOTH),
    Row("spectral_arc_length", "", "its authors' function (golden file)", "rel 2e-5", SMOOTH),
    Row("niqe", "", "scikit-video 1.1.11 (golden file): shapes in steps of 0.001", "rel 6.5e-3", NIQE),
    Row("niqe (definition)", "", "NumPy and scipy in float64, shapes by root finding", "rel 3e-3", NIQE),
    Row("fd_dlib_resnet", "", "twin, NumPy", "rel 1e-4", f"{FRECHET}; encoders/test_dlib_resnet"),
    Row("frechet_distance", "", f"NumPy, float64; torchmetrics 1.9.0, {FIDELITY}", "rel 1e-5", FRECHET),
    Row("frechet_distance (float64)", "", "scipy.linalg.sqrtm", "rel 1e-8", FRECHET),
    Row("kid", "", f"{package('torchmetrics', '1.9.0')}; {FIDELITY}", "rel 1e-5", "metrics/test_kid"),
    *_aligned("M", "", "", "scipy's distances of random walks", ALIGNED),
    Row("soft_dtw", "", package("tslearn", "", "not installed"), "rel 1e-5", "alignment/test_soft_dtw"),
    Row("dtw", "", "long-double dynamic programme", "rel 1e-5", "alignment/test_dtw"),
    Row("lag_beyond_40ms, _80ms, _160ms", "", "NumPy", "abs 1e-6", "metrics/test_temporal_faults"),
    Row("lag_drift", "", "NumPy's polyfit", "rel 1e-4", "metrics/test_temporal_faults"),
]  # fmt: skip

Worst = dict[str, tuple[float, float]]


def alignment() -> Found:
    """Soft-DTW, its divergence, DTW and the timing on random walks, whatever the trajectories are of."""
    oracles, faults = of_tests("alignment.oracles"), of_tests("metrics.test_temporal_faults")
    for seed, (t, s) in enumerate([(1, 1), (7, 1), (5, 6), (40, 37), (120, 150)]):
        x, y = (oracles.random_walk(count, 3, seed + count) / 8 for count in (t, s))
        costs = (cdist(x, y, "sqeuclidean"), cdist(x, x, "sqeuclidean"), cdist(y, y, "sqeuclidean"))
        for gamma, band in ((1e-4, None), (0.01, None), (0.05, 8), (1.0, None)):
            score = jax.jit(jaxeval.aligned(squared_euclidean, gamma=gamma, band=band))(x, y)
            yield from aligned_rows("M", "", score, costs, gamma, band)
            if installed("tslearn"):
                from tslearn.metrics import soft_dtw

                yield "soft_dtw", jaxeval.soft_dtw(squared_euclidean(x, y), gamma=gamma), soft_dtw(x, y, gamma=gamma)
        yield "dtw", jaxeval.dtw(squared_euclidean(x, y)), oracles.swept(costs[0], 0)[0]
        for curve in (jaxeval.lag(score.alignment).curve, faults.curve(seed)) if t > 1 else ():
            found, theirs = jaxeval.timing(jnp.asarray(curve), fps=FPS), faults.by_numpy(np.asarray(curve), FPS)
            yield "lag_beyond_40ms, _80ms, _160ms", jnp.stack(found[2:5]), theirs[2:5]
            yield "lag_drift", found.drift, theirs[5]


GROUPS: dict[str, Callable[[], Found]] = {name: getattr(metric_oracles, name) for name in ARRAYS}
GROUPS |= {"alignment": alignment} | {name: getattr(metric_networks, name) for name in NETWORKS}


def measured(groups: list[str]) -> Worst:
    """Row to its largest absolute and relative deviation; a value that isn't finite is as far as can be."""
    worst: Worst = {}
    for group in groups:
        for row, ours, theirs in GROUPS[group]():
            x, y = (np.asarray(side, np.float64).ravel() for side in (ours, theirs))
            if x.shape != y.shape:
                raise ValueError(f"Expected as many values as the reference gives for {row}, {y.size}, got {x.size}.")
            error = float(np.max(np.nan_to_num(np.abs(x - y), nan=np.inf)))
            relative = error / float(np.max(np.abs(y))) if error else 0.0
            before = worst.get(row, (0.0, 0.0))
            worst[row] = (max(before[0], error), max(before[1], relative))
    return worst


def verdict(row: Row, worst: Worst) -> list[str]:
    """Deviations, limit and whether it holds."""
    if row.score not in worst:
        return ["", "", "", "" if row.reference.startswith(SLOT) else "not measured"]
    kind, limit = row.limit.split()
    error = worst[row.score][kind == "rel"]
    return [*(f"{value:.1e}" for value in worst[row.score]), row.limit, "ok" if error <= float(limit) else "ABOVE"]


def markdown(rows: list[Row], worst: Worst) -> str:
    """The table of docs/scores.md."""
    lines = ["| score | in the paper | reference | deviation | limit | tests | random weights |", "|---" * 7 + "|"]
    for row in rows:
        absolute, relative, limit, held = verdict(row, worst)
        found = f"{absolute} ({relative} relative)" if absolute else "–"
        cells = (f"`{row.score}`", row.paper, row.reference, found, f"{limit} {held}".strip(), row.tests, row.weights)
        lines.append("| " + " | ".join(cell or " " for cell in cells) + " |")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    groups = [name for name in arguments if name != "--markdown"] or list(GROUPS)
    worst = measured(groups)
    if "--markdown" in arguments:
        print(markdown(PAPER, worst), markdown(OURS, worst), sep="\n\n")
        return
    head = [["score", "reference", "absolute", "relative", "limit", ""]]
    rows: list[Any] = [row for row in PAPER + OURS if row.score in worst or len(groups) == len(GROUPS)]
    print(table(head + [[row.score, row.reference, *verdict(row, worst)] for row in rows]))


if __name__ == "__main__":
    main(sys.argv[1:])
