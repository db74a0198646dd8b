"""What an operator probably meant."""

import difflib
from collections.abc import Iterable

#: From here on a list of everything that is allowed hides what was probably meant.
_MANY = 16


def closest(word: str, options: Iterable[str]) -> str | None:
    """The option that is most like the word; None where none is close."""
    by_lower = {option.lower(): option for option in options}
    # Longer words are cut: the comparison costs the product of the lengths.
    matches = difflib.get_close_matches(word[:80].lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """A remedy: the option that was probably meant, and all that are allowed unless these are very many."""
    allowed = list(options)
    everything = f"allowed: {', '.join(allowed)}" if allowed else "nothing is allowed here"
    meant = closest(word, allowed)
    if meant is None:
        return everything
    return f"did you mean '{meant}'?" + (f" {everything}" if len(allowed) <= _MANY else "")
