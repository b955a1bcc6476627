"""The pilot's evidence will live here: panel of units and days -> estimate with its margin -> diagnostics -> verdict.

Nothing does yet, on purpose. Until it does, no page, file or briefing may give an effect of the pilot, a margin or a verdict: the pilot page
shows what was measured before and after, on both arms, like for like, and says that the estimate comes later. What comes here asks
`store.ask` like every page, imports no Streamlit, and returns one frozen `Effect` (estimate, interval, diagnostics, verdict).
"""
