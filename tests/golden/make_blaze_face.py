"""Make blaze_face.npz: three photographs, and what LiteRT's interpreter makes of the original network on each.

Usage: python make_blaze_face.py face_detection_short_range.tflite
"""

import sys
from pathlib import Path

import numpy as np
import skimage.data
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

HERE = Path(__file__).parent


def photographs() -> np.ndarray:
    """uint8 `[3, 128, 128, 3]`: a near face, the same far away, another person's chip."""
    astronaut = skimage.data.astronaut()
    chip = np.load(HERE / "dlib_identity_pairs.npz")["chips"][0]
    images = (astronaut[:224, 112:336], astronaut, chip)
    return np.stack([np.asarray(Image.fromarray(image).resize((128, 128), Image.Resampling.BOX)) for image in images])


def run(model: str, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Raw offsets `[896, 16]` and logits `[896]` of one frame in [-1, 1]."""
    interpreter = Interpreter(model_path=model)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], frame[None])
    interpreter.invoke()
    outputs = [interpreter.get_tensor(detail["index"])[0] for detail in interpreter.get_output_details()]
    offsets, logits = sorted(outputs, key=lambda output: -output.shape[-1])
    return offsets, logits[:, 0]


if __name__ == "__main__":
    frames = photographs()
    offsets, logits = zip(*(run(sys.argv[1], frame / np.float32(127.5) - 1) for frame in frames), strict=True)
    np.savez_compressed(HERE / "blaze_face.npz", frames=frames, offsets=np.stack(offsets), logits=np.stack(logits))
