"""The one error a person is meant to read, and what to say of any other."""

from __future__ import annotations

import errno
from pathlib import Path


class InsarcastError(Exception):
    """A mistake or a broken input, said in one sentence: what is wrong, in which file or key, what to do."""


def explain(error: BaseException, output: str, trace: Path) -> str:
    """One sentence for any error.

    Our own sentences are as they are; the system's get the place and what to do; anything else is said to be what it is, a fault
    of ours.

    Args:
        error: what ended the job.
        output: the job's first output, which names the disk.
        trace: the file that holds the traceback.
    """
    place = Path(output).parent
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"There is no space left on the disk of {place}; free some, then run again: what is done is kept."
    if isinstance(error, OSError) and error.errno:
        return f"{error.filename or place} cannot be used ({error.strerror}); see to that, then run again."
    if isinstance(error, InsarcastError | OSError):
        return str(error)
    return f"unexpected {type(error).__name__}: {' '.join(str(error).split())} (a fault of insarcast; details in {trace})"
