"""Numbers and lists as words: rounded to what the data can carry, with the unit held to its number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date as Date

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
_FINE = 10.0  # mm: smaller errors are told to 0.1 mm, else two that are rounded contradict their skill
# Parts of models' names that are no common words.
_WRITTEN = {
    "convlstm": "ConvLSTM", "lstm": "LSTM", "gru": "GRU", "rnn": "RNN", "arima": "ARIMA", "sarima": "SARIMA", "starima": "STARIMA",
    "autoarima": "AutoARIMA", "ses": "SES", "theta": "Theta", "svr": "SVR", "mlr": "MLR", "eof": "EOF", "dlinear": "DLinear",
    "kalman": "Kalman", "gp": "GP", "gaussian": "Gaussian",
}  # fmt: skip


def capital(text: str) -> str:
    """The text with a capital first letter; the rest as it is."""
    return text[:1].upper() + text[1:]


def whole(value: float) -> str:
    """A number rounded to 1, thousands apart, with a true minus sign: 12 345."""
    text = f"{abs(round(value)):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{MINUS}{text}" if round(value) < 0 else text


def signed(value: float, digits: int = 0) -> str:
    """A number with its sign: +3, −2, 0."""
    number = round(value, digits)
    if number == 0:
        return f"{0:.{digits}f}"
    return f"{'+' if number > 0 else MINUS}{abs(number):.{digits}f}"


def mm(value: float) -> str:
    """A length rounded to 1 mm, without sign."""
    return f"{whole(abs(value))}{NBSP}mm"


def two_mm(first: float, second: float) -> tuple[str, str]:
    """Two errors to be compared, rounded to 1 mm, or to 0.1 mm where one is below 10 mm or that would show them as equal."""
    alike = round(abs(first)) == round(abs(second)) and abs(first - second) >= 0.05
    if not alike and min(abs(first), abs(second)) >= _FINE:
        return mm(first), mm(second)
    return f"{abs(first):.1f}{NBSP}mm", f"{abs(second):.1f}{NBSP}mm"


def error_mm(value: float) -> str:
    """A mean error: rounded to 1 mm, or to 0.1 mm below 10 mm."""
    return mm(value) if abs(value) >= _FINE else f"{abs(value):.1f}{NBSP}mm"


def rate(value: float) -> str:
    """A speed rounded to 1 mm/yr, without sign."""
    return f"{whole(abs(value))}{NBSP}mm/yr"


def percent(share: float) -> str:
    """A share rounded to 1 %; never 0 or 100 unless it is."""
    if 0 < share < 0.005:
        return f"less than 1{NBSP}%"
    if 0.995 <= share < 1:
        return f"more than 99{NBSP}%"
    return f"{100 * share:.0f}{NBSP}%"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: 1 date, 13 dates."""
    return f"{whole(number)}{NBSP}{noun if number == 1 else plural or noun + 's'}"


def listed(names: Sequence[str]) -> str:
    """Names joined as in speech: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def day(text: str) -> str:
    """``yyyymmdd``, or an ISO date or time, as ``yyyy-mm-dd``."""
    plain = text[:10] if "-" in text[:10] else f"{text[:4]}-{text[4:6]}-{text[6:8]}"
    return Date.fromisoformat(plain).isoformat()


def pair(date1: str, date2: str) -> str:
    """An interferogram by its dates."""
    return f"{day(date1)} \N{RIGHTWARDS ARROW} {day(date2)}"


def place(lon: float, lat: float) -> str:
    """A place in decimal degrees: 19.4312° N, 99.0684° W."""
    north, east = "N" if lat >= 0 else "S", "E" if lon >= 0 else "W"
    return f"{abs(lat):.4f}°{NBSP}{north}, {abs(lon):.4f}°{NBSP}{east}"


def stations(name: str) -> str:
    """A comparison by its stations, kept on one line: MMX1 − ICMX."""
    return name.replace(" - ", f"{NBSP}{MINUS}{NBSP}")


def plain(name: str) -> str:
    """A name from a file as it is read: urban_edge -> urban edge."""
    return name.replace("_", " ")


def model(name: str) -> str:
    """A model's registered name as it is read: window_mean -> window mean; ``chosen`` and ``auto`` are the automatic choice."""
    if name in ("chosen", "auto"):
        return "automatic choice"
    return " ".join(_WRITTEN.get(part, part) for part in name.split("_"))


def reason(name: str) -> str:
    """A flag of the mask in words."""
    known = {
        "no_data": "no data",
        "not_inverted": "too few interferograms to invert",
        "not_measured": "no value on enough of the dates",
        "too_few_pairs": "too few interferograms",
        "coherence": "low mean coherence",
        "n_unw_ratio": "too few interferograms per date",
        "n_unw": "too few interferograms",
        "velocity_std": "uncertain velocity",
        "max_span": "series too short between gaps",
        "n_gap": "gaps in the network",
        "stc": "unlike its neighbours in space and time",
        "n_pair_no_loop": "interferograms in no loop",
        "n_loop_err": "loop errors",
        "loop_err_ratio": "share of loop errors",
        "resid_rms": "large residual of the inversion",
        "temporal_coherence": "low temporal coherence",
        "n_gap_merged": "gaps in the network",
        "loop_phase_mean": "loops that close badly",
        "water": "water",
        "shadow": "radar shadow or layover",
        "product_mask": "the product's own mask",
    }
    return known.get(name, name.replace("_", " "))


def number(value: float | None, digits: int = 0) -> str:
    """A number in a table; what is missing is a dash."""
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}"
    if digits == 0:
        return whole(value)
    return f"{value:.{digits}f}".replace("-", MINUS) if round(value, digits) else f"{0:.{digits}f}"


def clipped(share: float) -> str:
    """How much of a map lies beyond its colours."""
    return "" if share <= 0 else f" {capital(percent(share))} of the pixels lie beyond the colour limits."
