"""Why a model was chosen, said to a person."""

from __future__ import annotations

from .compare import BASELINE, Comparison
from .words import many


def in_words(model: str) -> str:
    """A model's registered name as it is read."""
    return model.replace("_", " ")


def class_in_words(name: str) -> str:
    """A velocity class as it is read: ``100 mm/yr and above``."""
    head, above, _ = name.partition(" and above")
    return f"{head} mm/yr{above}"


def choice_sentence(found: Comparison, origin: str) -> str:
    """Why this model; ``origin`` is a date ``yyyy-mm-dd``."""
    if not found.n_origins:
        return f'Before {origin} there is no earlier origin to compare models on, so "nothing changes" (persistence) is shown.'
    models, chosen = found.models, found.chosen
    error, mean = found.mae.mean(axis=1), found.skill.mean(axis=1)
    best, base = models.index(chosen), models.index(BASELINE)
    where = f"On {many(found.n_origins, 'earlier origin')} up to {origin}"
    several = len(found.classes) > 1
    better = [index for index in range(len(models)) if not found.sound[index] and mean[index] > mean[best]]
    refused = max(better, key=lambda index: mean[index], default=None)
    if chosen != BASELINE:
        scope = " of those that fail in no velocity class" if better else " over all velocity classes" if several else ""
        skills = f"skill {mean[best]:.2f}"
        if several:
            skills = f"mean skill of the classes {mean[best]:.2f}; worst class {_worst(found, best)}"
        return (
            f"{where}, {in_words(chosen)} does best{scope}: mean error {error[best]:.1f} mm against {error[base]:.1f} mm "
            f'for "nothing changes" ({skills}).{_refusal(found, refused)}'
        )
    if len(models) == 1:
        return f'{where}, "nothing changes" (persistence) was the only model, with a mean error of {error[base]:.1f} mm.'
    if refused is not None:
        why = 'every model that beats "nothing changes" on average fails in some velocity class'
        return f"{where}, {why}, so persistence is shown.{_refusal(found, refused)}"
    other = max((index for index in range(len(models)) if index != base), key=lambda index: mean[index])
    over, skill = (
        (" over all velocity classes", f", mean skill of the classes {mean[other]:.2f}, worst class {_worst(found, other)}")
        if several
        else ("", "")
    )
    return (
        f'{where}, no model beats "nothing changes"{over} ({error[base]:.1f} mm; the best other, {in_words(models[other])}, has '
        f"{error[other]:.1f} mm{skill}), so persistence is shown."
    )


def _worst(found: Comparison, model: int) -> str:
    """The class in which a model did worst, and its skill there."""
    at = int(found.skill[model].argmin())
    return f"{class_in_words(found.classes[at])}: {found.skill[model, at]:.2f}"


def _refusal(found: Comparison, model: int | None) -> str:
    """Why a model that does better on average was not chosen."""
    if model is None:
        return ""
    name = in_words(found.models[model]).capitalize()
    return f' {name} does better on average, but is worse than "nothing changes" in a class (skill {_worst(found, model)}).'
