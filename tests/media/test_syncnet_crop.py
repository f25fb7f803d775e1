"""SyncNet's crop against its pipeline as described: scipy's median filter, padding, a slice, torch's resize."""

import numpy as np
import pytest
from scipy import signal

from jaxeval.media.crops import Window
from jaxeval.media.syncnet_crop import syncnet_crops, syncnet_windows


def clip(height: int, width: int, seed: int, length: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Noise, and the boxes of a face that wanders, changes size and reaches beyond the frame."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (length, height, width, 3), dtype=np.uint8)
    start, drift = rng.uniform([0, 0], [width, height]), rng.normal(size=(length, 2)).cumsum(axis=0) * 2
    centre = np.clip(start + drift, 1, [width - 1, height - 1])
    half = rng.uniform(0.1, 0.3) * height + rng.normal(size=(length, 2))
    return frames, np.concatenate([centre - half, centre + half], axis=1)


def as_described(frames: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Each whole frame padded with 110 on all sides, a slice of it cut out, and that resized."""
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
    left, top, right, bottom = boxes.T
    s = signal.medfilt(np.maximum(bottom - top, right - left) / 2, 13)
    x, y = signal.medfilt((left + right) / 2, 13), signal.medfilt((top + bottom) / 2, 13)
    crops = []
    for t, frame in enumerate(frames):
        pad = int(s[t] * 1.8)
        padded = np.pad(frame, ((pad, pad), (pad, pad), (0, 0)), constant_values=110)
        rows = slice(int(y[t] + pad - s[t]), int(y[t] + pad + s[t] * 1.8))
        columns = slice(int(x[t] + pad - s[t] * 1.4), int(x[t] + pad + s[t] * 1.4))
        face = torch.from_numpy(padded[rows, columns]).permute(2, 0, 1)[None].double()
        small = torch.nn.functional.interpolate(face, (224, 224), mode="bilinear", align_corners=False)
        crops.append(small[0].permute(1, 2, 0).numpy())
    return np.stack(crops)


@pytest.mark.parametrize(("height", "width"), [(144, 176), (300, 500), (500, 300)])
@pytest.mark.parametrize("seed", range(2))
def test_it_is_the_pipeline_as_described(height, width, seed):
    frames, boxes = clip(height, width, seed)
    crops = np.concatenate([*syncnet_crops([frames], boxes)])
    assert crops.dtype == np.uint8
    assert np.abs(crops - as_described(frames, boxes)).max() <= 0.501


@pytest.mark.parametrize("length", [7, 8, 12, 13, 40])
def test_the_median_counts_frames_beyond_the_ends_as_zeros(length):
    rng = np.random.default_rng(length)
    boxes = np.concatenate([rng.uniform(50, 100, (length, 2)), rng.uniform(150, 250, (length, 2))], axis=1)
    padded = np.pad(boxes, ((0, 13), (0, 0)))  # scipy warns if the clip is shorter than the filter
    s = signal.medfilt(np.maximum(padded[:, 2] - padded[:, 0], padded[:, 3] - padded[:, 1]) / 2, 13)[:length]
    y = signal.medfilt((padded[:, 1] + padded[:, 3]) / 2, 13)[:length]
    assert [window.top for window in syncnet_windows(boxes)] == np.floor(y - s).astype(int).tolist()
    # Seven of thirteen values at the first frame aren't 0: their median is the least of them.
    assert s[0] == np.maximum(boxes[:7, 2] - boxes[:7, 0], boxes[:7, 3] - boxes[:7, 1]).min() / 2


def test_a_still_face():
    windows = syncnet_windows(np.tile([100.0, 80.0, 200.0, 200.0], (9, 1)))
    assert windows == [Window(left=66, top=80, right=234, bottom=248)] * 9


def test_grey_beyond_the_frame():
    frames = np.full((7, 100, 100, 3), 200, np.uint8)
    crop = next(syncnet_crops([frames], np.tile([0.0, 0.0, 80.0, 80.0], (7, 1))))[0]
    # The crop spans -16 to 96 across and 0 to 112 down, two pixels of it for one of the frame.
    assert (crop[:198, :31] == 110).all()
    assert (crop[202:] == 110).all()
    assert (crop[:198, 33:] == 200).all()


def test_a_window_that_misses_the_frame_is_grey():
    frames = np.full((7, 50, 50, 3), 200, np.uint8)
    crops = next(syncnet_crops([frames], np.tile([200.0, 300.0, 240.0, 340.0], (7, 1))))
    assert (crops == 110).all()


def test_chunks_make_no_difference():
    frames, boxes = clip(144, 176, seed=5, length=11)
    whole = np.concatenate([*syncnet_crops([frames], boxes)])
    parts = [*syncnet_crops([frames[:4], frames[4:5], frames[5:]], boxes)]
    assert [len(part) for part in parts] == [4, 1, 6]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize(("frames", "found"), [(8, "got 8"), (10, "got more")])
def test_frames_and_boxes_must_match(frames, found):
    boxes = np.tile([10.0, 10.0, 30.0, 30.0], (9, 1))
    with pytest.raises(ValueError, match=f"Expected 9 frames, one for each box, {found}"):
        list(syncnet_crops([np.zeros((frames, 40, 40, 3), np.uint8)], boxes))


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        (np.ones((6, 4)), r"Expected boxes \[T, 4\] with T at least 7, got shape \(6, 4\)"),
        (np.ones((9, 5)), r"Expected boxes \[T, 4\] with T at least 7, got shape \(9, 5\)"),
        (np.tile([5.0, 5.0, 5.5, 9.0], (8, 1)), r"at least one pixel, got \[5.0, 5.0, 5.5, 9.0\] in frame 0"),
        (np.array([[1.0, 1.0, 9.0, 9.0]] * 7 + [[1.0, 1.0, np.nan, 9.0]]), r"got \[1.0, 1.0, nan, 9.0\] in frame 7"),
    ],
)
def test_bad_boxes(boxes, message):
    with pytest.raises(ValueError, match=message):
        syncnet_windows(boxes)
