"""Write a finding as lines of a terminal."""

from __future__ import annotations

from django.core.management.color import Style

from oscar_mpesa.setup_check.findings import Finding, Level


def format_finding(finding: Finding, style: Style) -> str:
    """Return the finding's level, name and sentence, and below them its meaning and remedy."""
    styles = {Level.ERROR: style.ERROR, Level.WARNING: style.WARNING, Level.OK: style.SUCCESS}
    line = f"{finding.level.value.upper():8}{finding.name}: {finding.sentence}"
    details = [f"{'':8}{text}" for text in (finding.meaning, finding.remedy and f"→ {finding.remedy}") if text]
    return "\n".join([styles[finding.level](line), *details])
