"""The pilot's evidence: panel of units and periods -> estimate with its cautious interval -> checks -> verdict -> one frozen Effect.

    from dashboard.evidence.effect import Plan, assess
    from dashboard.evidence.panel import read_panel
    effect = assess(read_panel(Path("lanes.csv"), unit="lane", period="day", outcome="turnaround_min", treated="arm", start="2026-07-13"), Plan("turnaround_min"))
panel holds the data, estimate and staggered the formulae, diagnostics the checks, verdict the rule, effect the result, words its sentence, report its
text and JSON, daily the panels made from visits, shares the share over a limit, worlds simulated pilots, acceptance the figures that must hold.

No page asks it yet. Until one does, no page, file or briefing gives an effect of the pilot, a margin or a verdict. No Streamlit here.
Method, measured behaviour and limits: docs/pilot-evidence.md.
"""
