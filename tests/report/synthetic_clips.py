"""Scored clips made up for the tests of table, figures and page; a plain Soft-DTW makes their curves true."""

from dataclasses import replace

import numpy as np

from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.document import Document, Entry, row_of
from jaxeval.results.record import ClipRecord, Curves, Strip

FPS = 25.0
METRICS = {"lpips": 1e-2, "csim": 1e-2, "pose": 1e-3, "expr": 1e-3}


def trajectory(times):
    phases = np.arange(4)
    return np.sin(np.outer(times, 0.13 + 0.07 * phases) + phases) + 0.3 * np.sin(np.outer(times, 0.9 - 0.1 * phases))


def alignment(cost, gamma=0.02):
    """E [T, S] by the textbook's two loops."""
    t, s = cost.shape
    r = np.full((t + 2, s + 2), np.inf)
    r[0, 0] = 0
    for i, j in np.ndindex(t, s):
        options = np.array([r[i, j], r[i, j + 1], r[i + 1, j]])
        low = options.min()
        r[i + 1, j + 1] = cost[i, j] + low - gamma * np.log(np.exp(-(options - low) / gamma).sum())
    e = np.zeros((t + 2, s + 2))
    e[t, s] = 1
    padded = np.pad(cost, 1)
    for i in range(t, 0, -1):
        for j in range(s, 0, -1):
            for k, m in ((i + 1, j), (i, j + 1), (i + 1, j + 1)):
                if k <= t and m <= s:
                    e[i, j] += e[k, m] * np.exp((r[k, m] - r[i, j] - padded[k, m]) / gamma)
    return e[1:-1, 1:-1]


def curves(x, y, scale):
    cost = ((x[:, None] - y[None]) ** 2).sum(-1)
    e = alignment(cost)
    weight = e.sum(1)
    common = min(cost.shape)
    return Curves(
        framewise=scale * np.diagonal(cost)[:common],
        aligned=scale * (e * cost).sum(1) / weight,
        lag=np.arange(len(x)) - e @ np.arange(len(y)) / weight,
        alignment=e,
    )


def strip(times, t):
    frames = np.unique(np.linspace(0, t - 1, 10).astype(int))
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    images = np.full((len(frames), 96, 96, 3), 62, np.uint8)
    for image, time in zip(images, times[frames], strict=True):
        image[(x / 0.62) ** 2 + (y / 0.85) ** 2 < 1] = (222, 178, 150)
        image[((abs(x) - 0.25) / 0.1) ** 2 + ((y + 0.2) / 0.07) ** 2 < 1] = (40, 40, 60)
        opening = 0.04 + 0.13 * (1 + np.sin(0.35 * time))
        image[(x / 0.25) ** 2 + ((y - 0.45) / opening) ** 2 < 1] = (120, 30, 40)
    return Strip(frames, images)


def scores_of(record):
    found = {"psnr": 27.25, "ssim": 0.9123, "l1": 0.0231, "id_distance": 0.213, "csim": 0.9712}
    for name, c in record.curves.items():
        found |= {
            f"{name}_seq": c.aligned.mean() - 0.01,
            f"{name}_div": c.aligned.mean(),
            f"lag_ms_{name}": 1000 / FPS * c.lag.mean(),
            f"lag_std_ms_{name}": 1000 / FPS * c.lag.std(),
        }
        found |= {} if name == "csim" else {name: c.framewise.mean()}
    found |= {"lag_ms": found["lag_ms_lpips"], "lag_std_ms": found["lag_std_ms_lpips"]}
    return {name: float(value) for name, value in found.items()}


def clip(name="late", t=75, s=75, shift=3.0, wander=0.0, noise=0.0, audio=True):
    """A clip `shift` frames late whose timing wanders by `wander` frames and whose features are off by `noise`."""
    times, rng = np.arange(t) - shift + wander * np.sin(np.arange(t) / 12), np.random.default_rng(0)
    x, y = trajectory(times), trajectory(np.arange(s, dtype=float))
    found = {m: curves(x + noise * rng.standard_normal(x.shape), y, scale) for m, scale in METRICS.items()}
    loudness = np.abs(np.sin(np.arange(200) / 9)) * np.exp(-(((np.arange(200) - 90) / 70) ** 2)) if audio else None
    record = ClipRecord(
        name,
        "ok",
        frames=(t, s),
        curves=found,
        generated=strip(times, t),
        reference=strip(np.arange(s), s),
        audio=loudness,
    )
    return replace(record, scores=scores_of(record))


def failed(name="faceless", reason="no face was found in 0 of 75 frames of faceless.mp4; try --region frame"):
    return ClipRecord(name, "failed", reason=reason)


def without(record, *names, reason):
    """The clip with those scores missing."""
    kept = {name: value for name, value in record.scores.items() if name not in names}
    return replace(record, scores=kept, missing={**record.missing, **dict.fromkeys(names, reason)})


def document(records, support=None, **protocol):
    """`scores.json` of those clips, with intervals by the normal approximation.

    `support` is id to the support of a clip's lags; `protocol` changes fields of the provenance's protocol.
    """
    rows = [row_of(replace(r, support=(support or {}).get(r.id, {}))) for r in records]
    names = dict.fromkeys(name for r in records for name in (*r.scores, *r.missing))
    return Document(
        clips=tuple(rows),
        summary={name: entry([r.scores[name] for r in records if name in r.scores], len(records)) for name in names},
        provenance={
            "protocol": JAXEVAL_V1.as_dict() | protocol,
            "region": "face",
            "trajectories": list(dict.fromkeys(name for r in records for name in r.trajectories)),
            "software": {"jaxeval": "0.1.0", "jax": "0.10.1"},
            "started": "2026-01-02T03:04:05Z",
        },
    )


def entry(values, of):
    mean = float(np.mean(values)) if values else None
    half = 1.96 * np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else None
    ci95 = None if half is None else (float(mean - half), float(mean + half))
    return Entry(mean=mean, ci95=ci95, n=len(values), of=of)
