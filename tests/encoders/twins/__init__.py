"""PyTorch twins: each network once more, in the original's framework and under the original's tensor names.

Every module here has the same five names:

    ORACLE                    what the twin is: the original's own code, or our reading of it (self-consistent only)
    build(seed) -> module     the network in evaluation mode, its tensors filled with seeded values
    save(module) -> [bytes]   the upstream file or files, in the form in which they circulate
    inputs(count, seed)       example frames in [0, 1] for our encoder, of the size that it was trained on
    run(module, inputs)       the outputs by name, as NumPy arrays in our layout
"""
