"""The sentences of the report: pure functions of numbers. No adjective without a threshold; n and dates always; what is missing is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

from . import scoring, words
from .choice_words import who
from .words import NBSP, capital, count, day, listed, mm, percent, place, rate, whole

FEW_DATES = 20  # fewer dates than this allow no seasonal term and no training: only the simple models
CLOSE = 0.05  # an interval whose coverage is this near to its level holds what it promises


def motion(value: float) -> str:
    """The direction of a signed quantity; + is towards the satellite."""
    return "towards the satellite" if value > 0 else "away from the satellite"


def fastest(speed: float, lon: float, lat: float, share: float, edge: float, first: str, last: str) -> str:
    """What moves most.

    Args:
        speed: velocity of the fastest used pixel in mm/yr, + towards the satellite.
        lon: its longitude, degrees.
        lat: its latitude, degrees.
        share: share of the used pixels that move faster than ``edge``.
        edge: mm/yr.
        first: first date of the series.
        last: last date.
    """
    if round(abs(speed)) == 0:
        return f"Between {day(first)} and {day(last)} no pixel moves by {rate(1)} or more along the line of sight."
    most = "No other pixel moves" if share == 0 else f"{percent(share)} of the used pixels move"
    if abs(speed) <= edge:
        most = "None of the used pixels moves"
    return (
        f"Between {day(first)} and {day(last)} the fastest pixel ({place(lon, lat)}) moved {motion(speed)} at {rate(speed)}; "
        f"{most[0].lower() + most[1:]} faster than {rate(edge)}."
    )


def used(kept: int, total: int, masked: int, reasons: Sequence[tuple[str, int]]) -> str:
    """How much of the area is used, and why the rest is not.

    Args:
        kept: pixels with displacement that the mask keeps.
        total: pixels of the grid.
        masked: pixels with displacement that the mask leaves out; those that are left have none.
        reasons: ``(reason, pixels)``, most frequent first; a pixel may have several.
    """
    if total == kept > 0:
        return f"Every one of the {count(total, 'pixel')} is used." if total > 1 else "The only pixel is used."
    missing = total - kept - masked
    mostly = f", mostly for {words.reason(reasons[0][0])} ({count(reasons[0][1], 'pixel')})" if reasons else ""
    if kept == 0:
        parts = f" ({count(missing, 'pixel')} not measured, {whole(masked)} measured but masked)" if missing and masked else ""
        return f"0 of {count(total, 'pixel')} are {'used' if masked else 'measured'}{parts}{mostly}: there is nothing to map."
    share = capital(percent(1 - kept / total))
    if not masked:
        return f"{share} of the area is not measured{mostly}."
    parts = (
        f"{percent(missing / total)} not measured, {percent(masked / total)} measured but masked"
        if missing
        else "measured but masked"
    )
    return f"{share} of the area is not used ({parts}){mostly}."


def few_dates(dates: int, origins: int) -> str:
    """What the length of the series allows."""
    tested = "" if origins == 0 else f", tested from {count(origins, 'date')}" if origins > 1 else ", tested from one date only"
    if dates < FEW_DATES:
        return f"{count(dates, 'date')} allow{'s' if dates == 1 else ''} no more than the simple models{tested}."
    return f"The models rest on {count(dates, 'date')}{tested}."


def expected(
    name: str,
    origin: str,
    target: str,
    change: float,
    low: float | None,
    high: float | None,
    level: int,
    lon: float,
    lat: float,
    asked: bool = False,
    fastest: tuple[float, float | None, float | None] | None = None,
) -> str:
    """What the chosen model expects where it expects most, and at the fastest pixel.

    Args:
        name: model.
        origin: date of the last observation.
        target: date that is forecast.
        change: median change in mm, + towards the satellite.
        low: lower end of its interval in mm, or None.
        high: upper end, or None.
        level: nominal level of the interval, %.
        lon: longitude of the pixel, degrees.
        lat: its latitude.
        asked: whether the study names the model.
        fastest: change, low and high at the pixel with the largest velocity; None: not told.
    """
    if name == "persistence":
        why = "the study asks for persistence" if asked else "no model did better in the past"
        return f"The forecast to {day(target)} is that nothing changes after {day(origin)}: {why}."
    interval = f"no interval{NBSP}is given"
    if low is not None and high is not None:
        interval = f"{level}{NBSP}% interval {change_range(low, high)}"
    if round(abs(change)) == 0:
        return (
            f"From {day(origin)} to {day(target)} {words.model(name)} expects no pixel to move by {mm(1)} or more ({interval})."
        )
    text = (
        f"From {day(origin)} to {day(target)} {words.model(name)} expects the largest change at {place(lon, lat)}: "
        f"{mm(change)} {motion(change)} ({interval})"
    )
    if fastest is None:
        return f"{text}."
    own, near, far = fastest
    size = f"{mm(own)} {motion(own)}" if round(abs(own)) else f"less than {mm(1)}"
    return (
        f"{text}; at the fastest pixel {size}{f' ({change_range(near, far)})' if near is not None and far is not None else ''}."
    )


def change_range(low: float, high: float) -> str:
    """An interval of a signed change; the words name the direction when it changes."""
    ends = sorted((round(low), round(high)))
    if ends[0] < 0 < ends[1]:
        return f"{mm(ends[0])} away to {mm(ends[1])} towards"
    near, far = sorted(map(abs, ends))
    return f"{whole(near)} to {mm(far)}"


def trust(
    name: str,
    mae: float | None,
    nothing: float | None,
    origins: int,
    n: int,
    best: tuple[str, float] | None,
    chosen: bool = False,
    unscored: str = scoring.NOTHING,
    newest: str | None = None,
) -> str:
    """Whether the scored model beat “nothing changes” on dates it never saw.

    Args:
        name: the scored model, or ``chosen``.
        mae: its mean absolute error in mm over all horizons, or None when nothing was scored.
        nothing: the same of persistence.
        origins: how many dates were forecast from.
        n: scored values.
        best: the other model with the highest skill, and that skill; None when there is none.
        chosen: whether past skill chose it, not the study.
        unscored: the sentence for nothing scored.
        newest: the model that is chosen at the newest date, where it is another one than at the test dates.
    """
    if mae is None or nothing is None or n == 0:
        return f"{unscored.rstrip('.')}; nothing is known about its error."
    later = f" of the test dates (from the newest date it is {words.model(newest)})" if newest else ""
    unseen = f"Over {count(origins, 'forecast origin')} and {count(n, 'value')} that the forecast never saw,"
    skill = 1 - mae / nothing if nothing > 0 else 0.0
    if (best is None or best[1] <= 0) and (name == "persistence" or skill <= 0):
        rest = f" (best: {words.model(best[0])}, skill {words.signed(best[1], 2)})" if best else ""
        return f"{unseen} no model beats assuming no change{rest}, with a mean error of {words.error_mm(nothing)}. Use the last observed map."
    if name == "persistence":
        assert best is not None
        why = f"which did best in the past{later}" if chosen else "which the study asks for"
        return (
            f"{unseen} assuming no change, {why}, errs by {words.error_mm(nothing)} on average; {words.model(best[0])} would have "
            f"been better (skill {words.signed(best[1], 2)}), but that is known only afterwards."
        )
    own, base = words.two_mm(mae, nothing)
    against = f"against {base} for “nothing changes” (skill {words.signed(skill, 2)})"
    if skill <= 0 and best is not None:
        return (
            f"{unseen} the mean error of {who(name, chosen)} is {own} {against}: it is no better than assuming no change; "
            f"{words.model(best[0])} would have been (skill {words.signed(best[1], 2)}), but that is known only afterwards."
        )
    return f"{unseen} the mean error of {who(name, chosen)} is {own} {against}."


def interval(coverage: float | None, nominal: float, n: int, dates: int | None = None) -> str:
    """Whether the intervals hold what they promise.

    The values of one date err together (atmosphere, reference), so a few dates tell little: a coverage within two standard
    errors ``sqrt(p (1 - p) / dates)`` of its level cannot be told from it.

    Args:
        coverage: share of the unseen values inside, or None.
        nominal: what it should be.
        n: scored values.
        dates: dates that were forecast from; None: not said.
    """
    level = f"{100 * nominal:.0f}{NBSP}%"
    if coverage is None or n == 0:
        return f"How often the {level} interval holds the truth is not known: nothing could be scored."
    held = f"The {level} interval held {percent(coverage)} of {count(n, 'unseen value')}"
    alike = "(errors of one date are alike all over the scene)"
    unsure = dates is not None and abs(coverage - nominal) <= 2 * (nominal * (1 - nominal) / max(dates, 1)) ** 0.5
    if abs(coverage - nominal) <= CLOSE:
        return f"{held}, as it should" + (f", as far as {count(dates or 0, 'test date')} can tell." if unsure and dates else ".")
    if coverage > nominal:
        if unsure and dates:
            return f"{held}: it is wider than needed, if anything, though {count(dates, 'test date')} cannot tell that from {level} {alike}."
        return f"{held}: it is wider than needed."
    factor = _stretch(coverage, nominal)
    if unsure and dates:
        return (
            f"{held}: too few, if anything (intervals about {factor:.1f} times as wide would have held {level}), though "
            f"{count(dates, 'test date')} cannot tell that from {level} {alike}."
        )
    much = f"they would have to be about {factor:.1f} times as wide" if factor < 10 else "they say next to nothing"
    return f"{held}: the intervals are too narrow ({much}); read every interval below as too sure."


def _stretch(coverage: float, nominal: float) -> float:
    """How much wider a normal interval must be to hold ``nominal`` instead of ``coverage``."""
    if coverage <= 0.01:
        return float("inf")
    return NormalDist().inv_cdf((1 + nominal) / 2) / NormalDist().inv_cdf((1 + coverage) / 2)


def untested(steps: int, target: str, tested: int) -> str:
    """That the outlook goes further than any test; empty where it does not."""
    if not tested or steps <= tested:
        return ""
    return (
        f"No lead time beyond {count(tested, 'step')} could be tested, so nothing is known about the error of what is expected by "
        f"{target} ({steps} steps ahead)."
    )


def calibration(calibrated: int, total: int, sentence: str | None) -> str:
    """Whether the intervals were calibrated on past errors.

    Args:
        calibrated: origins and horizons whose interval was.
        total: all origins and horizons of the chosen model.
        sentence: the words of the stage that calibrated, which knows why; they stand alone where there are any.
    """
    if sentence:
        return sentence
    if total == 0:
        return "Nothing is known about the calibration of the intervals."
    if calibrated == 0:
        return "The intervals are the model's own, not calibrated."
    if calibrated == total:
        return "The intervals are calibrated on past errors (conformal)."
    return f"{calibrated} of {count(total, 'interval')} (origin and horizon) are calibrated on past errors, the others are the model's own."


def gnss(comparisons: Sequence[Mapping[str, Any]], skipped: Sequence[Any], sentence: str | None = None) -> str:
    """How InSAR and GNSS agree along the line of sight.

    Args:
        comparisons: numbers of each.
        skipped: stations and pairs that were left out.
        sentence: what the comparison says of itself; it stands where nothing was compared and nothing was left out.
    """
    if not comparisons and not skipped and sentence:
        return f"{sentence.rstrip('.')}; nothing independent checks the displacement."
    if not comparisons:
        why = f" ({count(len(skipped), 'station or pair', 'stations or pairs')} left out, see the record)" if skipped else ""
        return f"No GNSS station could be compared with the displacement{why}; nothing independent checks it."
    parts = []
    for item in comparisons:
        bias = item.get("bias")
        drift = f", GNSS minus InSAR {words.signed(bias)}{NBSP}mm on average" if bias is not None else ""
        parts.append(
            f"{words.stations(item['name'])} differs by {mm(item['rmse'])} (rms of {count(int(item['n']), 'date')}{drift})"
        )
    return f"Against GNSS along the line of sight, {'; '.join(parts)}."


def dropped(kept: int, total: int, reasons: Mapping[str, int]) -> str:
    """How many interferograms were left out, and why."""
    if total == 0:
        return "There is no interferogram."
    lost = total - kept
    if lost == 0:
        return f"All {count(total, 'interferogram')} are used." if total > 1 else "The only interferogram is used."
    why = listed([f"{number} by: {name}" for name, number in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))])
    return f"{lost} of {count(total, 'interferogram')} {'was' if lost == 1 else 'were'} dropped ({why})."


def closure(samples: int, over: int, rms: float | None, bad: int, triplets: int) -> str:
    """What the loops say about unwrapping errors.

    Args:
        samples: closures of a pixel in a triplet.
        over: those beyond pi.
        rms: median of the triplets' rms in rad, or None.
        bad: triplets that are called bad.
        triplets: all.
    """
    if triplets == 0 or rms is None:
        return "The network has no closed loop: unwrapping errors cannot be seen."
    share = capital(percent(over / samples)) if samples else "None"
    called = "none is bad" if bad == 0 else f"{bad} {'is' if bad == 1 else 'are'} bad"
    return (
        f"{share} of the loop closures ({whole(over)} of {whole(samples)}) exceed \N{GREEK SMALL LETTER PI}; "
        f"the median of {count(triplets, 'triplet')} closes within {rms:.2f}{NBSP}rad, {called}."
    )


def worst_date(date: str | None, rms: float, usual: float, share: float, jump: float) -> str:
    """The date that fits worst between its neighbours.

    Args:
        date: the date, or None where there are fewer than three.
        rms: its deviation from the line between its neighbours in mm, rms over the pixels.
        usual: median of that number over all dates.
        share: share of the pixels that deviate by more than ``jump``.
        jump: mm.
    """
    if date is None:
        return "Fewer than three dates: none can be held against its neighbours."
    off = f"deviates from the line between its neighbours by {mm(rms)} (rms; the median date by {mm(usual)})"
    if rms <= 2 * usual:
        return f"No date stands out: the least smooth, {day(date)}, {off}."
    return f"{day(date)} {off}, in {percent(share)} of the pixels by more than {mm(jump)}; check it for unwrapping errors and weather."


def areas(found: int, edge: float, smallest: int) -> str:
    """What the table of areas lists."""
    if found == 0:
        return f"No area of {count(smallest, 'pixel')} or more moves faster than {rate(edge)}."
    if found == 1:
        return f"One connected area of {count(smallest, 'pixel')} or more moves faster than {rate(edge)}."
    return f"{count(found, 'connected area')} of {count(smallest, 'pixel')} or more move faster than {rate(edge)}; the fastest come first."


def clipped(share: float) -> str:
    """How much of a map lies beyond its colours."""
    return "" if share <= 0 else f" {capital(percent(share))} of the pixels lie beyond the colour limits."


def geometry(incidence: float | None, heading: float | None) -> str:
    """The line of sight in words.

    Args:
        incidence: degrees from the vertical.
        heading: flight direction, degrees clockwise from north.
    """
    if incidence is None or heading is None:
        return "line of sight of unknown geometry"
    turned = (heading + 180) % 360 - 180
    return f"{'ascending' if abs(turned) < 90 else 'descending'}, incidence {incidence:.1f}°"
