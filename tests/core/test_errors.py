"""Any error is one sentence."""

import errno
from pathlib import Path

import pytest

from insarcast.core import InsarcastError, explain


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InsarcastError("The key is wrong; mend it."), "The key is wrong; mend it."),
        (OSError("still being written"), "still being written"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "There is no space left on the disk of results/a; free some, then run again",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "/x/y cannot be used (Permission denied); see to that"),
        (ValueError("two\nlines"), "unexpected ValueError: two lines (a fault of insarcast; details in logs/r.traceback)"),
    ],
)
def test_explain(error: Exception, said: str) -> None:
    sentence = explain(error, "results/a/b.zarr", Path("logs/r.traceback"))
    assert sentence.startswith(said)
    assert "\n" not in sentence
