"""Turn a problem into a finding in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext

from oscar_mpesa.checkout_check.problems import Problem
from oscar_mpesa.checkout_check.words import STEPS, WORDS
from oscar_mpesa.setup_check.findings import Finding, Level


def as_finding(problem: Problem) -> Finding:
    """Return the finding of this name from ``words``, with the problem's values in its texts."""
    level, *texts = WORDS[problem.name]
    params = dict(problem.params)
    if "step" in params:
        params["step"] = str(STEPS[str(params["step"])])
    sentence, meaning, remedy = (gettext(text).format(**params) if text else "" for text in texts)
    return Finding(name=problem.name, level=Level(level), sentence=sentence, meaning=meaning, remedy=remedy)
