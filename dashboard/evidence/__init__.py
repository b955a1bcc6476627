"""The pilot's evidence: visits or a table -> panel of units and periods -> estimate with its cautious interval -> checks -> verdict -> one frozen Effect.

    from dashboard.evidence import parts, study
    found = study.headline(store, selection)                # average, median, P90, shares, checks, raw figures, mix, sensitivities; by filters and view
    parts.by_step(store, selection), parts.by_unit(store, selection), parts.by_group(store, selection, "cargo")

    from dashboard.evidence.effect import Plan, assess      # any panel
    effect = assess(read_panel(Path("lanes.csv"), unit="lane", period="day", outcome="turnaround_min", treated="arm", start="2026-07-13"), Plan("turnaround_min"))
From the build: arms says who takes part, daily and steps read visits and passages, study and parts ask the questions, lock holds the plan, value what it is worth.
The method: panel holds the data, estimate, staggered and within the formulae (one start, several, transporters), diagnostics and starts the checks, bounds what sharing hides,
shares the share over a limit, verdict the rule, effect the result, words its sentence, report its text, JSON and table. worlds and ports are simulated pilots,
acceptance the figures that must hold, design, switchback and history the planning of a next pilot. No Streamlit here. Method, measured behaviour and limits: docs/pilot-evidence.md.
"""
