"""What every score is called, which way is better, its unit and its definition: the one place to edit those texts."""

from collections.abc import Mapping
from dataclasses import dataclass

ENCODER = "dlib"


@dataclass(frozen=True)
class Score:
    """One score as tables and pages show it.

    Attributes:
        name: its name in `scores.json`.
        label: what a column is headed, the encoder included where the number depends on it.
        group: the columns it stands with.
        better: "↑" if high is better, "↓" if low is, "" if it is a timing and not a quality.
        unit: "dB", "ms" or "".
        decimals: digits after the point.
        definition: one line.
    """

    name: str
    label: str
    group: str
    better: str
    unit: str
    decimals: int
    definition: str


@dataclass(frozen=True)
class Aligned:
    """One metric whose trajectories are aligned before they are compared.

    Attributes:
        name: its name in `scores.json`; `name_seq`, `name_div`, `lag_ms_name` and `lag_std_ms_name` stand beside it.
        title: a heading.
        cost: what one cell of its cost matrix holds, with its unit.
        decimals: digits after the point of its costs.
        encoder: the network in brackets, for a score that means nothing without it; "" otherwise.
    """

    name: str
    title: str
    cost: str
    decimals: int
    encoder: str = ""

    @property
    def suffix(self) -> str:
        """` (encoder)`, or nothing."""
        return f" ({self.encoder})" if self.encoder else ""


ALIGNED = (
    Aligned("st_lpips", "Appearance (ST-LPIPS)", "ST-LPIPS distance", 4),
    Aligned("csim", f"Identity (CSIM on {ENCODER})", "2 − 2·cosine", 4, ENCODER),
    Aligned("pose", "Head pose", "squared pose distance", 4),
    Aligned("expr", "Expression", "squared landmark displacement", 5),
)

_PLAIN = (
    Score(
        "lag_ms",
        "lag_ms",
        "timing",
        "",
        "ms",
        0,
        "Mean lag by the protocol's timing metric (ST-LPIPS). Positive: the generated clip is late.",
    ),
    Score(
        "lag_std_ms",
        "lag_std_ms",
        "timing",
        "",
        "ms",
        0,
        "Standard deviation of that lag over the clip: small for a constant delay (the path begins and ends in the "
        "corners, so not 0), large where timing wanders.",
    ),
    Score(
        "psnr",
        "psnr",
        "image",
        "↑",
        "dB",
        2,
        "Peak signal-to-noise ratio, 10·log10(1 / mean squared error) of pixels in 0–1, mean over frames.",
    ),
    Score(
        "ssim",
        "ssim",
        "image",
        "↑",
        "",
        4,
        "Structural similarity in an 11-pixel Gaussian window, σ = 1.5; 1 for identical frames.",
    ),
    Score("l1", "l1", "image", "↓", "", 4, "Mean absolute difference of pixels in 0–1."),
    Score(
        "st_lpips",
        "st_lpips",
        "st_lpips",
        "↓",
        "",
        4,
        "Shift-tolerant LPIPS (AlexNet): perceptual distance of frame t to frame t; 0 for identical frames.",
    ),
    Score(
        "csim",
        f"csim ({ENCODER})",
        "csim",
        "↑",
        "",
        4,
        "Cosine of the two faces' dlib ResNet embeddings. The same person gives about .95, other people about .80: "
        "not comparable with a CSIM on ArcFace.",
    ),
    Score(
        "id_distance",
        f"id_distance ({ENCODER})",
        "csim",
        "↓",
        "",
        3,
        "Euclidean distance of the same two embeddings; dlib's own threshold for the same person is 0.6.",
    ),
    Score(
        "pose",
        "pose",
        "pose",
        "↓",
        "",
        4,
        "Squared ℓ2 distance of head poses: pitch, yaw, roll in radians, log scale, and position in face radii.",
    ),
    Score(
        "expr",
        "expr",
        "expr",
        "↓",
        "",
        5,
        "Mean squared displacement of the face's landmarks after its rigid pose is removed, "
        "in squared inter-ocular distances.",
    ),
)


def _aligned_scores(metric: Aligned) -> tuple[Score, ...]:
    m = metric.name
    return (
        Score(
            f"{m}_seq",
            f"{m}_seq{metric.suffix}",
            m,
            "↓",
            "",
            metric.decimals,
            "Soft-DTW / max(T, S), the paper's formula: biased by the entropy of the alignment, "
            "so it may be negative and is not 0 for identical clips.",
        ),
        Score(
            f"{m}_div",
            f"{m}_div{metric.suffix}",
            m,
            "↓",
            "",
            metric.decimals,
            "Soft-DTW divergence / max(T, S): what the best alignment leaves, debiased; 0 for identical clips.",
        ),
        Score(
            f"lag_ms_{m}",
            f"lag_ms_{m}",
            m,
            "",
            "ms",
            0,
            f"Mean lag that the alignment of {m} forgave. Positive: the generated clip is late.",
        ),
        Score(f"lag_std_ms_{m}", f"lag_std_ms_{m}", m, "", "ms", 0, "Standard deviation of that lag over the clip."),
    )


GROUPS = {"timing": "Timing", "image": "Pixels", **{m.name: m.title for m in ALIGNED}, "other": "Other"}
"""The headings over the columns, in the order in which tables show them."""

_ALL = sorted((*_PLAIN, *(s for m in ALIGNED for s in _aligned_scores(m))), key=lambda s: [*GROUPS].index(s.group))
SCORES: dict[str, Score] = {score.name: score for score in _ALL}
"""Every score of the protocol `jaxeval-v1`, in the order in which tables show them."""


def scores_in(document: Mapping) -> list[Score]:
    """List the scores that a document speaks of, known ones first and in the order of `SCORES`.

    Args:
        document: what `scores.json` holds. A score counts as spoken of if it is in the summary or in any clip's
            `scores` or `missing`.

    Returns:
        One `Score` each; a name that `SCORES` does not know gets its own name as label, and group "other".

    Example:
        >>> [s.label for s in scores_in({"clips": [{"scores": {"ssim": 1.0, "psnr": 40.0}}]})]
        ['psnr', 'ssim']
    """
    spoken = dict.fromkeys(document.get("summary", {}))
    for clip in document["clips"]:
        spoken |= dict.fromkeys((*clip.get("scores", {}), *clip.get("missing", {})))
    known = [score for name, score in SCORES.items() if name in spoken]
    return known + [Score(name, name, "other", "", "", 4, "") for name in spoken if name not in SCORES]


def format_value(score: Score, value: float) -> str:
    """Write a value with its score's decimals: a lag with its sign, a tiny cost with two digits in scientific notation.

    Args:
        score: the score that the value is of.
        value: a finite number, in the score's unit.

    Returns:
        The text without the unit, with a true minus sign and no negative zero.

    Example:
        >>> format_value(SCORES["lag_ms"], 118.3), format_value(SCORES["psnr"], 31.4159)
        ('+118', '31.42')
        >>> format_value(SCORES["st_lpips_div"], 0.0000234), format_value(SCORES["st_lpips_seq"], -0.0087)
        ('2.3e-05', '−0.0087')
    """
    tiny = score.decimals >= 4 and 0 < abs(value) < 10.0 ** (1 - score.decimals)
    sign = "+" if score.name.startswith("lag_ms") else ""
    text = f"{value:{sign}.1e}" if tiny else f"{value:{sign}.{score.decimals}f}"
    if not tiny and float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−", 1) if value < 0 else text


def format_cell(score: Score, scores: Mapping[str, float]) -> str:
    """Write a clip's value of a score; a lag comes with its standard deviation.

    Args:
        score: which score.
        scores: the clip's values by name; `score.name` is among them.

    Returns:
        The text without the unit.

    Example:
        >>> format_cell(SCORES["lag_ms"], {"lag_ms": 118.3, "lag_std_ms": 12.2})
        '+118 ± 12'
    """
    text = format_value(score, scores[score.name])
    spread = score.name.replace("lag_ms", "lag_std_ms")
    known = spread != score.name and spread in scores
    return f"{text} ± {format_value(score, scores[spread]).lstrip('+')}" if known else text
