"""Every metric that jaxeval knows: the one place for its unit, direction, order, encoder and definition.

A new metric is a function in a file of its own in `jaxeval.metrics`, an entry in `METRICS`, and an export. The entry
says what the function is computed `of`; command, table, page, CSV, comparison and signatures take the rest from here.
"""

from collections.abc import Mapping

from jaxeval.results.metric import Metric, Value

_BEYOND = "Share of the frames whose lag by the timing metric is beyond ±{} ms."
_FRECHET = "Fréchet distance between all generated clips' features and all references', {}; a number of the whole set."

BEYOND, DRIFT = "lag_beyond_{}ms", "lag_drift"
"""Names of the shares of the frames beyond a tolerance in ms, and of the lag's slope."""

TIMING = Metric(
    "timing",
    "timing",
    of="lags",
    per="clip",
    values=(
        Value("lag_ms", "", "ms", 0, "Mean lag by the protocol's timing metric. Positive: the generated clip is late."),
        Value(
            "lag_std_ms",
            "",
            "ms",
            0,
            "Standard deviation of that lag over the clip: small for a constant delay (the path begins and ends in the "
            "corners, so not 0), large where timing wanders.",
        ),
        *(Value(BEYOND.format(ms), "↓", "", 3, _BEYOND.format(ms)) for ms in (40, 80, 160)),
        Value(DRIFT, "", "ms/s", 1, "Slope of that lag: by how many ms the clip falls behind in a second."),
    ),
)
"""The clip's own timing, read off the alignment of the protocol's timing metric."""

# fmt: off
METRICS = (
    TIMING,
    Metric(
        "psnr", "image", of="pictures", file="image",
        values=(
            Value("psnr", "↑", "dB", 2,
                "Peak signal-to-noise ratio, 10·log10(1 / mean squared error) of pixels in 0–1, mean over the frames "
                "that differ; a flag says how many are identical, of which it is infinite.", rank=5),
        ),
    ),
    Metric(
        "ssim", "image", of="pictures", file="image",
        values=(
            Value("ssim", "↑", "", 4,
                "Structural similarity in an 11-pixel Gaussian window, σ = 1.5; 1 for identical frames.", rank=11),
        ),
    ),
    Metric(
        "ms_ssim", "image", of="pictures", file="image",
        values=(
            Value("ms_ssim", "↑", "", 4, "The same at five scales, each half the last.", rank=13),
        ),
    ),
    Metric(
        "l1", "image", of="pictures", file="image",
        values=(
            Value("l1", "↓", "", 4, "Mean absolute difference of pixels in 0–1.", rank=14),
        ),
    ),
    Metric(
        "cpbd", "image", of="pictures", reference=False,
        values=(
            Value("cpbd", "↑", "", 3,
                "Cumulative probability of blur detection: how sharp edges are; no reference.", rank=16),
        ),
    ),
    Metric(
        "niqe", "image", of="pictures", reference=False,
        values=(
            Value("niqe", "↓", "", 2,
                "Natural image quality evaluator: distance from pristine pictures' statistics.", rank=17),
        ),
    ),
    Metric(
        "iqa", "image", of="nothing", per="user",
        values=(
            Value("iqa", "↑", "", 3, "The user's own image quality, as registered.", rank=30),
        ),
    ),
    Metric(
        "vqa", "image", of="nothing", per="user",
        values=(
            Value("vqa", "↑", "", 3, "The user's own video quality, as registered.", rank=30),
        ),
    ),
    Metric(
        "st_lpips", "Appearance (ST-LPIPS)", of="features", encoders=("st_lpips_alex", "st_lpips_vgg"),
        cost="ST-LPIPS distance", glance=True,
        values=(
            Value("st_lpips", "↓", "", 4,
                "Shift-tolerant LPIPS (AlexNet): perceptual distance of frame t to frame t; 0 for identical "
                "frames.", rank=1),
        ),
    ),
    Metric(
        "lpips", "Appearance (LPIPS)", of="features", encoders=("lpips_alex", "lpips_vgg", "lpips_squeeze"),
        cost="LPIPS distance", glance=True,
        values=(
            Value("lpips", "↓", "", 4,
                "LPIPS v0.1: perceptual distance of frame t to frame t; 0 for identical frames.", rank=2),
        ),
    ),
    Metric(
        "csim", "Identity (CSIM)", of="embeddings", file="identity", distance="cosine", cost="2 − 2·cosine",
        values=(
            Value("csim", "↑", "", 4,
                "Cosine of the two faces' embeddings. On dlib's the same person gives about .95, other people about "
                ".80: not comparable with a CSIM on ArcFace.", rank=4),
        ),
    ),
    Metric(
        "id_distance", "Identity (CSIM)", of="embeddings", file="identity",
        values=(
            Value("id_distance", "↓", "", 3,
                "Euclidean distance of the same two embeddings; dlib's own threshold for the same person is 0.6.",
                rank=15),
        ),
    ),
    Metric(
        "pose", "Head pose", of="pose", distance="squared_euclidean", cost="squared pose distance",
        values=(
            Value("pose", "↓", "", 4, "Squared ℓ2 distance of head poses, rotation, size and place.", rank=10),
        ),
    ),
    Metric(
        "expr", "Expression", of="expression",
        distance="squared_euclidean", cost="squared distance of expressions", decimals=5, glance=True,
        values=(
            Value("expr", "↓", "", 5, "Squared ℓ2 distance of expressions, the rigid pose removed.", rank=3),
        ),
    ),
    Metric(
        "sync", "Lips and sound (SyncNet)", of="lips and speech", per="clip", encoders=("syncnet",),
        distance="squared_euclidean", cost="squared distance of embeddings", decimals=2,
        values=(
            Value("sync_c", "↑", "", 3, "SyncNet's confidence: median less least distance over the shifts.", rank=7),
            Value("sync_d", "↓", "", 3, "SyncNet's least mean distance of lips and sound over the shifts.", rank=8),
            Value("sync_offset_ms", "", "ms", 0, "The shift at which it is found."),
        ),
    ),
    Metric(
        "lip_envelope", "Lips and sound (envelope)", of="lips and voice", per="clip", unless="sync",
        distance="squared_euclidean", cost="squared distance, standardized", decimals=3,
        values=(
            Value("lip_envelope", "↑", "", 3,
                "Correlation of the lips' opening, and its velocity, with the sound's envelope at the best "
                "shift.", rank=6),
            Value("lip_envelope_offset_ms", "", "ms", 0, "That shift. Positive: the lips are late."),
        ),
    ),
    Metric(
        "lmd", "landmarks", of="points", file="landmarks",
        values=(
            Value("lmd", "↓", "px", 2, "Mean distance of the mesh's points, centred, in pixels.", rank=18),
        ),
    ),
    Metric(
        "m_lmd", "landmarks", of="landmarks", file="landmarks",
        values=(
            Value("m_lmd", "↓", "px", 2, "The same of the lips.", rank=12),
        ),
    ),
    Metric(
        "jerk", "smoothness", of="mesh expression", per="clip", reference=False, timed=True, file="smoothness", least=4,
        values=(
            Value("jerk", "↓", "", 2, "How jerkily the face moves; no reference.", rank=20),
        ),
    ),
    Metric(
        "smooth", "smoothness", of="pictures", per="clip", reference=False, file="smoothness",
        values=(
            Value("smooth", "↑", "", 4,
                "How well each second frame is the mean of its neighbours; no reference.", rank=21),
        ),
    ),
    Metric(
        "fps", "sets", of="nothing", per="given",
        values=(
            Value("fps", "↑", "1/s", 1, "Frames that the method generates in a second, as its user says."),
        ),
    ),
    Metric(
        "fid", "sets", of="inception features", per="set", encoders=("inception_fid",),
        values=(
            Value("fid", "↓", "", 2,
                "Fréchet distance between all generated clips' features and all references', Inception's; a number of "
                "the whole set."),
        ),
    ),
    Metric(
        "fvd", "sets", of="i3d features", per="set", encoders=("i3d",),
        values=(
            Value("fvd", "↓", "", 1,
                "Fréchet distance between all generated clips' features and all references', I3D's, of 16 frames each;"
                " a number of the whole set."),
        ),
    ),
    Metric(
        "fd_identity", "sets", of="embeddings", per="set",
        values=(
            Value("fd_{encoder}", "↓", "", 4,
                "Fréchet distance between all generated clips' features and all references', the identity network's; a"
                " number of the whole set."),
        ),
    ),
)
# fmt: on
"""All of them, in the order of the tables' columns. A set's `{encoder}` stands for the protocol's network."""

MOUTH = "expr"
"""The metric whose lag is the mouth's: it stands beside the picture's, which may be in time while the mouth isn't."""

GROUPS: Mapping[str, str] = {
    "timing": "Timing",
    "image": "Pixels",
    "landmarks": "Landmarks",
    "smoothness": "Smoothness",
    "own": "Scores of the user's own",
    "sets": "The whole set",
    "other": "Other",
}
"""Headings over the columns; a group that isn't here is its own heading."""

SEQ = (
    "Soft-DTW / max(T, S), the paper's formula: biased by the entropy of the alignment, so it may be negative and is "
    "not 0 for identical clips."
)
DIV = "Soft-DTW divergence / max(T, S): what the best alignment leaves, debiased; 0 for identical clips."
LAG = "Mean lag that the alignment of {} forgave. Positive: the generated clip is late."
LAG_STD = "Standard deviation of that lag over the clip."
GIVEN = "A value that the user gives."
"""Definitions of the scores that every aligned metric has, and of numbers of the user's."""
