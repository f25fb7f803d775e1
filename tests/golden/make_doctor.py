"""The few reference numbers that `jaxeval doctor` compares with, out of the files beside this one.

python tests/golden/make_doctor.py jaxeval/doctor.npz
"""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def doctor() -> dict[str, np.ndarray]:
    """Frames, whose numbers are n / scale, and what the original network made of them, by encoder."""
    chips, mesh, faces = (np.load(HERE / f"{name}.npz") for name in ("dlib_resnet", "face_landmark", "blaze_face"))
    return {
        "dlib_resnet.frames": chips["images"][2:3],
        "dlib_resnet.scale": np.int32(255),
        "dlib_resnet.expected": chips["embeddings"][2:3].astype(np.float32),
        "face_mesh.frames": np.round(mesh["x"] * 510).astype(np.uint16),
        "face_mesh.scale": np.int32(510),
        "face_mesh.expected": mesh["conv2d_20"].reshape(1, 468, 3),
        "blaze_face.frames": faces["frames"][:1],
        "blaze_face.scale": np.int32(255),
        "blaze_face.expected": faces["logits"][:1],
    }


if __name__ == "__main__":
    np.savez_compressed(sys.argv[1], **doctor())
