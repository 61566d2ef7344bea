"""The one error a person is meant to read."""


class InsarcastError(Exception):
    """A mistake or a broken input, said in one sentence: what is wrong, in which file or key, what to do."""
