"""What ``import weft`` costs beyond NumPy's own import."""

import subprocess
import sys
import time


def _import_seconds(module):
    code = f"import numpy, time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    return min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(5))


class Import:
    """Seconds, the best of five fresh processes."""

    unit = "s"
    timeout = 120

    def track_import(self):
        return _import_seconds("weft")

    def track_first_result(self):
        start = time.perf_counter()
        subprocess.check_call([sys.executable, "-c", "import weft; (weft.ones((2,)) + 1).numpy()"])
        return time.perf_counter() - start
