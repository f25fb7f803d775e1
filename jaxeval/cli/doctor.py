"""`jaxeval doctor`."""

from dataclasses import dataclass

from rich.console import Console

from jaxeval.report.progress import print_lines


@dataclass(frozen=True)
class Doctor:
    """Check JAX, its devices, the video decoder, the weights and every encoder.

    Exit codes: 0 all checks passed, 1 a check failed.
    """

    def run(self, console: Console) -> int:
        """Print a line for each check."""
        from jaxeval.cli.doctor_checks import checks

        wrong = 0
        for check in checks():
            mark = {True: "ok", False: "WRONG", None: "-"}[check.ok]
            print_lines(console, [f"{mark:>5}  {check.what}: {check.found}"])
            wrong += check.ok is False
        return int(wrong > 0)
