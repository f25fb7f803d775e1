"""Compiling in a quarter to a half of the time, for programs whose speed and last digits are no matter."""

QUICKLY = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
"""For `jax.jit(..., compiler_options=QUICKLY)`: on CPU, without LLVM's optimizations. Not for a test of float32's
digits, which should meet the code that users run; but for one that compares a program with itself, counts what is
finite, or differentiates in float64."""

XLA_FLAGS = " ".join(f"--{name}={str(value).lower()}" for name, value in QUICKLY.items())
"""The same for all of a process."""
