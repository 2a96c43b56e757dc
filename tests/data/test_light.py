"""What importing the data layer costs."""

from __future__ import annotations

import subprocess
import sys


def test_preparing_rows_needs_no_scikit_learn() -> None:
    code = "import sys, instar.prep, instar.data.preparing.fitting; print('sklearn' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
