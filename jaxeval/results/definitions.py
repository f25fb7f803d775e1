"""Every metric that jaxeval knows: the one place for its unit, direction, order, encoder and definition.

A new metric takes a file with its function in `jaxeval.metrics`, an entry in `METRICS`, and an export. The entry says
what the function is computed `of`; command, table, page, CSV, comparison and signatures read the rest from it. See
docs/adding_a_metric.md.
"""

from collections.abc import Mapping

from jaxeval.results.metric import Metric, Value

_BEYOND = "Share of the frames with a lag beyond ±{} ms, by the timing metric."

BEYOND, DRIFT = "lag_beyond_{}ms", "lag_drift"
"""Score names: share of the frames with a lag beyond so many ms, and slope of the lag."""

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
            "Spread: standard deviation of that lag over the clip's frames, not a confidence interval. Small for a "
            "constant delay (not 0, since the path starts and ends in the corners), large if the tempo wanders.",
        ),
        *(Value(BEYOND.format(ms), "↓", "", 3, _BEYOND.format(ms)) for ms in (40, 80, 160)),
        Value(DRIFT, "", "ms/s", 1, "Slope of that lag: milliseconds by which the clip falls behind each second."),
    ),
)
"""The clip's own timing, read off the alignment of the protocol's timing metric."""

# fmt: off
METRICS = (
    TIMING,
    Metric("psnr", "image", of="pictures", file="image", values=(
        Value("psnr", "↑", "dB", 2,
            "Peak signal-to-noise ratio, 10·log10(1 / mean squared error) of pixels in 0–1. Mean over the frames "
            "that differ: it is infinite for identical ones, and a flag counts those.", rank=5),
    )),
    Metric("ssim", "image", of="pictures", file="image", values=(
        Value("ssim", "↑", "", 4,
            "Structural similarity in an 11-pixel Gaussian window with σ = 1.5; 1 for identical frames.", rank=11),
    )),
    Metric("ms_ssim", "image", of="pictures", file="image", values=(
        Value("ms_ssim", "↑", "", 4, "Structural similarity at five scales, each half the one before.", rank=13),
    )),
    Metric("l1", "image", of="pictures", file="image", values=(
        Value("l1", "↓", "", 4, "Mean absolute difference of pixels in 0–1.", rank=14),
    )),
    Metric("cpbd", "image", of="pictures", reference=False, values=(
        Value("cpbd", "↑", "", 3,
            "Cumulative probability of blur detection: sharpness of edges; needs no reference.", rank=16, against=""),
    )),
    Metric("niqe", "image", of="pictures", reference=False, values=(
        Value("niqe", "↓", "", 2,
            "Natural image quality evaluator: distance from the statistics of pristine pictures; needs no "
            "reference.", rank=17, against=""),
    )),
    Metric("iqa", "image", of="nothing", per="user", values=(
        Value("iqa", "↑", "", 3, "Image quality by a scorer of your own.", rank=30, against=""),
    )),
    Metric("vqa", "image", of="nothing", per="user", values=(
        Value("vqa", "↑", "", 3, "Video quality by a scorer of your own.", rank=30, against=""),
    )),
    Metric("lpips", "Appearance (LPIPS)", of="features", encoders=("lpips_alex", "lpips_vgg", "lpips_squeeze"),
        cost="LPIPS distance", glance=True, values=(
        Value("lpips", "↓", "", 4,
            "LPIPS v0.1: perceptual distance, frame by frame; 0 for identical frames.", rank=1),
    )),
    Metric("st_lpips", "Appearance (ST-LPIPS)", of="features", encoders=("st_lpips_alex", "st_lpips_vgg"),
        cost="ST-LPIPS distance", glance=True, values=(
        Value("st_lpips", "↓", "", 4,
            "Shift-tolerant LPIPS (AlexNet): perceptual distance, frame by frame; 0 for identical frames.",
            rank=2),
    )),
    Metric("csim", "Identity (CSIM)", of="embeddings", file="identity", distance="cosine", cost="2 − 2·cosine", values=(
        Value("csim", "↑", "", 4,
            "Cosine of the two faces' embeddings. With dlib's encoder the same person gives about .95, different "
            "people about .80: not comparable with a CSIM from ArcFace.", rank=4, against="portrait"),
    )),
    Metric("id_distance", "Identity (CSIM)", of="embeddings", file="identity", values=(
        Value("id_distance", "↓", "", 3,
            "Euclidean distance of the same two embeddings; dlib's threshold for the same person is 0.6.",
            rank=15, against="portrait"),
    )),
    Metric("id_stability", "Identity (CSIM)", of="embeddings", per="clip", reference=False, both=True, file="identity",
        least=2, values=(
        Value("id_stability", "↑", "", 4,
            "Mean cosine of the face's embeddings with their mean: 1 if they never change; needs no reference.",
            rank=25, against=""),
        Value("id_stability_reference", "↑", "", 4, "The same of the reference."),
    )),
    Metric("pose", "Head pose", of="pose", distance="squared_euclidean", cost="squared pose distance", values=(
        Value("pose", "↓", "", 4, "Squared ℓ2 distance of head poses: rotation, scale and position.", rank=10),
    )),
    Metric("expr", "Expression", of="expression",
        distance="squared_euclidean", cost="squared distance of expressions", decimals=5, glance=True, values=(
        Value("expr", "↓", "", 5, "Squared ℓ2 distance of expressions, with the rigid pose removed.", rank=3),
    )),
    Metric("sync", "Lips and sound (SyncNet)", of="lips and speech", per="clip", encoders=("syncnet",),
        distance="squared_euclidean", cost="squared distance of embeddings", decimals=2, values=(
        Value("sync_c", "↑", "", 3,
            "SyncNet's confidence: median minus minimum, over the shifts, of the mean distance of lips and "
            "sound.", rank=7, against=""),
        Value("sync_d", "↓", "", 3, "SyncNet's mean distance of lips and sound at the best shift.", rank=8, against=""),
        Value("sync_offset_ms", "", "ms", 0, "The best shift, where that distance is smallest.", against=""),
    )),
    Metric("lip_sync", "Lips and sound", of="lips and voice", per="clip", unless="sync",
        distance="squared_euclidean", cost="squared distance, standardized", decimals=3, values=(
        Value("lip_sync", "↑", "", 3,
            "Correlation of mouth and voice, each as six canonical variates, at the best offset.", rank=6, against=""),
        Value("lip_sync_offset_ms", "", "ms", 0,
            "That offset. Positive: the picture is late. Missing if the confidence is below 3.", rank=9, against=""),
        Value("lip_sync_confidence", "↑", "", 1,
            "The correlation in standard deviations of a wrong pair's; 5 of 100 wrong pairs reach 3.", against=""),
        Value("lip_sync_offset_ms_reference", "", "ms", 0, "The reference's own offset, with its own sound."),
    )),
    Metric("lmd", "landmarks", of="points", file="landmarks", values=(
        Value("lmd", "↓", "px", 2, "Mean distance of the face mesh's landmarks after centering.", rank=18),
    )),
    Metric("m_lmd", "landmarks", of="landmarks", file="landmarks", values=(
        Value("m_lmd", "↓", "px", 2, "Mean distance of the lips' landmarks after centering.", rank=12),
    )),
    Metric("jerk", "smoothness", of="mesh expression", per="clip", reference=False, timed=True, file="smoothness",
        least=4, values=(
        Value("jerk", "↓", "", 2, "How jerkily the face moves; needs no reference.", rank=20, against=""),
    )),
    Metric("smooth", "smoothness", of="pictures", per="clip", reference=False, file="smoothness", values=(
        Value("smooth", "↑", "", 4,
            "How well every second frame is predicted by the mean of its neighbors; needs no reference.",
            rank=21, against=""),
    )),
    Metric("tlpips", "smoothness", of="steps", per="clip", least=2, values=(
        Value("tlpips", "↓", "", 4,
            "Temporal LPIPS: mean difference between the perceptual steps (one frame to the next) of the generated "
            "clip and those of the reference.", rank=22),
    )),
    Metric("head_motion", "Behavior", of="angles", per="clip", least=2,
        undefined="the reference's head doesn't move", values=(
        Value("head_motion", "", "°", 2,
            "Standard deviation of the head's rotation over the clip: square root of the summed variances of "
            "pitch, yaw and roll.", rank=23, against=""),
        Value("head_motion_ratio", "", "", 2, "The same divided by the reference's; 1 if both heads move equally."),
    )),
    Metric("blink_rate", "Behavior", of="eyes", per="clip", least=50, reference=False, both=True, timed=True, values=(
        Value("blink_rate", "", "1/min", 1,
            "Blinks per minute: how often both eyes close and reopen within half a second.", rank=24, against=""),
        Value("blink_rate_reference", "", "1/min", 1, "Blinks per minute of the reference."),
    )),
    Metric("fps", "sets", of="nothing", per="given", values=(
        Value("fps", "↑", "1/s", 1, "Frames that the method generates per second, as given by the user.", against=""),
    )),
    Metric("fid", "sets", of="inception features", per="set", encoders=("inception_fid",), values=(
        Value("fid", "↓", "", 2,
            "Fréchet distance between the Inception features of all generated clips and of all references: one "
            "number for the whole set."),
    )),
    Metric("fvd", "sets", of="i3d features", per="set", encoders=("i3d",), values=(
        Value("fvd", "↓", "", 1,
            "Fréchet distance between the I3D features of all generated clips and of all references, 16 frames "
            "each: one number for the whole set."),
    )),
    Metric("fd_expr", "sets", of="change of expression", per="set", least=256, values=(
        Value("fd_expr", "↓", "", 6,
            "Fréchet distance between all generated and all reference expressions, each pair's minus the mean of "
            "its reference: one number for the whole set. Not comparable with E-FID, which uses a 3DMM."),
    )),
    Metric("fd_identity", "sets", of="embeddings", per="set", values=(
        Value("fd_{encoder}", "↓", "", 4,
            "Fréchet distance between the identity embeddings of all generated clips and of all references: one "
            "number for the whole set."),
    )),
)
# fmt: on
"""All metrics, in the order of the tables' columns. `{encoder}` stands for the protocol's encoder."""

MOUTH = "expr"
"""The metric that measures the mouth's lag, shown beside the picture's: only the mouth may be late."""

GROUPS: Mapping[str, str] = {
    "timing": "Timing",
    "image": "Pixels",
    "landmarks": "Landmarks",
    "smoothness": "Smoothness",
    "own": "Your own scores",
    "sets": "The whole set",
    "other": "Other",
}
"""Headings over the columns; any other group is its own heading."""

SEQ = (
    "Soft-DTW / max(T, S), the paper's formula. Biased by the entropy of the alignment: it may be negative, and isn't "
    "0 for identical clips."
)
DIV = "Soft-DTW divergence / max(T, S): the cost per frame that remains after alignment; 0 for identical clips."
LAG = "Mean lag that the alignment by {} forgave. Positive: the generated clip is late."
LAG_STD = "Spread: standard deviation of that lag over the clip's frames, not a confidence interval."
GIVEN = "A value given by the user."
"""Definitions of the scores that every aligned metric has, and of values given by the user."""
