"""Every score's texts: its unit, which way is better, its definition; the one place to edit them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """One score as tables and pages show it.

    Attributes:
        name: its name in `scores.json`.
        group: the columns it stands with.
        better: "↑" if high is better, "↓" if low is, "" if it is a timing and not a quality.
        unit: "dB", "ms", "px" or "".
        decimals: digits after the point.
        definition: one line.
        role: the encoder that it depends on, by its role in the protocol; "" without one.
        encoder: the network's short name, for a number that means nothing without it; "" otherwise.
    """

    name: str
    group: str
    better: str
    unit: str
    decimals: int
    definition: str
    role: str = ""
    encoder: str = ""

    @property
    def label(self) -> str:
        """What a column is headed, with the encoder in brackets."""
        return f"{self.name} ({self.encoder})" if self.encoder else self.name


@dataclass(frozen=True)
class Aligned:
    """One metric whose trajectories are aligned before they are compared.

    Attributes:
        name: its name in `scores.json`; `name_seq`, `name_div`, `lag_ms_name` and `lag_std_ms_name` stand beside it.
        title: a heading.
        cost: what one cell of its cost matrix holds, with its unit.
        decimals: digits after the point of its costs.
        role: the encoder that it depends on, by its role in the protocol.
        encoder: as of a `Score`.
    """

    name: str
    title: str
    cost: str
    decimals: int
    role: str
    encoder: str = ""


ALIGNED = (
    Aligned("st_lpips", "Appearance (ST-LPIPS)", "ST-LPIPS distance", 4, "perceptual"),
    Aligned("lpips", "Appearance (LPIPS)", "LPIPS distance", 4, "perceptual"),
    Aligned("csim", "Identity (CSIM)", "2 − 2·cosine", 4, "identity"),
    Aligned("pose", "Head pose", "squared pose distance", 4, "motion"),
    Aligned("expr", "Expression", "squared distance of expressions", 5, "motion"),
    Aligned("sync", "Lips and sound (SyncNet)", "squared distance of embeddings", 2, "sync"),
    Aligned("lip_envelope", "Lips and sound (envelope)", "squared distance, standardised", 3, "landmarks"),
)

_BEYOND = "Share of the frames whose lag by the timing metric is beyond ±{} ms."
GIVEN = "A number of the method, as its user gives it."
SETS = "Fréchet distance of all generated clips' features and all references', {}; a number of the whole set."

PLAIN = (
    Score(
        "lag_ms",
        "timing",
        "",
        "ms",
        0,
        "Mean lag by the protocol's timing metric. Positive: the generated clip is late.",
    ),
    Score(
        "lag_std_ms",
        "timing",
        "",
        "ms",
        0,
        "Standard deviation of that lag over the clip: small for a constant delay (the path begins and ends in the "
        "corners, so not 0), large where timing wanders.",
    ),
    *(Score(f"lag_beyond_{ms}ms", "timing", "↓", "", 3, _BEYOND.format(ms)) for ms in (40, 80, 160)),
    Score("lag_drift", "timing", "", "ms/s", 1, "Slope of that lag: by how many ms the clip falls behind in a second."),
    Score(
        "psnr",
        "image",
        "↑",
        "dB",
        2,
        "Peak signal-to-noise ratio, 10·log10(1 / mean squared error) of pixels in 0–1, mean over the frames that "
        "differ; a flag says how many are identical, of which it is infinite.",
    ),
    Score(
        "ssim",
        "image",
        "↑",
        "",
        4,
        "Structural similarity in an 11-pixel Gaussian window, σ = 1.5; 1 for identical frames.",
    ),
    Score("ms_ssim", "image", "↑", "", 4, "The same at five scales, each half the last."),
    Score("l1", "image", "↓", "", 4, "Mean absolute difference of pixels in 0–1."),
    Score("cpbd", "image", "↑", "", 3, "Cumulative probability of blur detection: how sharp edges are; no reference."),
    Score("niqe", "image", "↓", "", 2, "Natural image quality evaluator: distance from pristine pictures' statistics."),
    Score("iqa", "image", "↑", "", 3, "The user's own image quality, as registered."),
    Score("vqa", "image", "↑", "", 3, "The user's own video quality, as registered."),
    Score(
        "st_lpips",
        "st_lpips",
        "↓",
        "",
        4,
        "Shift-tolerant LPIPS (AlexNet): perceptual distance of frame t to frame t; 0 for identical frames.",
        "perceptual",
    ),
    Score(
        "lpips",
        "lpips",
        "↓",
        "",
        4,
        "LPIPS v0.1: perceptual distance of frame t to frame t; 0 for identical frames.",
        "perceptual",
    ),
    Score(
        "csim",
        "csim",
        "↑",
        "",
        4,
        "Cosine of the two faces' embeddings. On dlib's the same person gives about .95, other people about .80: "
        "not comparable with a CSIM on ArcFace.",
        "identity",
    ),
    Score(
        "id_distance",
        "csim",
        "↓",
        "",
        3,
        "Euclidean distance of the same two embeddings; dlib's own threshold for the same person is 0.6.",
        "identity",
    ),
    Score("pose", "pose", "↓", "", 4, "Squared ℓ2 distance of head poses, rotation, size and place.", "motion"),
    Score("expr", "expr", "↓", "", 5, "Squared ℓ2 distance of expressions, the rigid pose removed.", "motion"),
    Score("sync_c", "sync", "↑", "", 3, "SyncNet's confidence: median less least distance over the shifts.", "sync"),
    Score("sync_d", "sync", "↓", "", 3, "SyncNet's least mean distance of lips and sound over the shifts.", "sync"),
    Score("sync_offset_ms", "sync", "", "ms", 0, "The shift at which it is found.", "sync"),
    Score(
        "lip_envelope",
        "lip_envelope",
        "↑",
        "",
        3,
        "Correlation of the lips' opening, and its velocity, with the sound's envelope at the best shift.",
        "landmarks",
    ),
    Score("lip_envelope_offset_ms", "lip_envelope", "", "ms", 0, "That shift. Positive: the lips are late."),
    Score("lmd", "landmarks", "↓", "px", 2, "Mean distance of the mesh's points, centred, in pixels.", "landmarks"),
    Score("m_lmd", "landmarks", "↓", "px", 2, "The same of the lips.", "landmarks"),
    Score("jerk", "smoothness", "↓", "", 2, "How jerkily the face moves; no reference.", "landmarks"),
    Score(
        "smooth", "smoothness", "↑", "", 4, "How well each second frame is the mean of its neighbours; no reference."
    ),
    Score("fps", "sets", "↑", "1/s", 1, "Frames that the method generates in a second, as its user says."),
    Score("fid", "sets", "↓", "", 2, SETS.format("Inception's"), "frames"),
    Score("fvd", "sets", "↓", "", 1, SETS.format("I3D's, of 16 frames each"), "clips"),
)


def aligned_scores(metric: Aligned) -> tuple[Score, ...]:
    """The four scores of an aligned metric."""
    m, role = metric.name, metric.role
    return (
        Score(
            f"{m}_seq",
            m,
            "↓",
            "",
            metric.decimals,
            "Soft-DTW / max(T, S), the paper's formula: biased by the entropy of the alignment, "
            "so it may be negative and is not 0 for identical clips.",
            role,
        ),
        Score(
            f"{m}_div",
            m,
            "↓",
            "",
            metric.decimals,
            "Soft-DTW divergence / max(T, S): what the best alignment leaves, debiased; 0 for identical clips.",
            role,
        ),
        Score(
            f"lag_ms_{m}",
            m,
            "",
            "ms",
            0,
            f"Mean lag that the alignment of {m} forgave. Positive: the generated clip is late.",
            role,
        ),
        Score(f"lag_std_ms_{m}", m, "", "ms", 0, "Standard deviation of that lag over the clip.", role),
    )


GROUPS = {
    "timing": "Timing",
    "image": "Pixels",
    **{m.name: m.title for m in ALIGNED},
    "landmarks": "Landmarks",
    "smoothness": "Smoothness",
    "own": "Scorers of the user's",
    "sets": "The whole set",
    "other": "Other",
}
"""The headings over the columns, in the order in which tables show them."""
