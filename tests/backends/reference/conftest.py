"""Makes kernel_builder.py and kernel_cases importable, whatever the import mode."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
