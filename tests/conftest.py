"""Put the library and the tests' helpers on the path."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
for folder in (TESTS, TESTS.parent / "workflow"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
