"""How the pieces of the ARIMA kernel are compiled, and the constants that they share."""

from __future__ import annotations

import numba

MAX_ORDER = 3  # of p and of q
PER_PARAMETER = 3  # fewest innovations for each parameter; below that a random walk takes over
STATE = MAX_ORDER + 3  # at most p or q + 1 of the ARMA part, a level, and its rate
MISSING, FOLLOWS, STARTS = 0, 1, 2  # what a date is: without a value, after a measured one, the first after an unknown offset

# Called from compiled code only and cached with what calls them: without wrappers for Python they compile faster, and without
# counting references to the arrays, which fit_batch holds, they run faster by a quarter; in return they must not allocate any.
inner = numba.njit(  # type: ignore[call-overload]
    nogil=True, error_model="numpy", fastmath={"contract", "reassoc"}, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False
)
