"""Metrics of security and flow: US-bound boxes on their way to the ship. Counts and shares only, by whole months and quarters; cargo.py says which cells are hidden.

Of two shares that add up to one only the first is a metric: with both, the hidden one could be read off the other. `within` says whose boxes are
some of whose: a count that falls short of the other by a few tells of those few.
"""

from __future__ import annotations

from dashboard.metrics.definitions import Metric
from etl.errors import DeclarationError

_GAO = "GAO-08-187, CBP"
_REFERRED = "referred_at IS NOT NULL"
_INSPECTED = "inspection_result_code IS NOT NULL"

METRICS = (
    Metric("csi_filings", "US-bound boxes filed", "Filings of boxes bound for the United States, by the day they were filed.", "count", "manifests", count=True, standard=_GAO, privacy="cargo"),
    Metric("csi_24h_share", "Filed 24 h before loading", "Share of the filings with a known loading that were made 24 hours or more before it.", "share", "manifests", "higher", where="lead_min IS NOT NULL", share="lead_min >= 1440", decimals=1, standard="US 24-hour rule", privacy="cargo", within="csi_filings"),
    Metric("csi_lead_p50", "Median filing to loading", "From the filing of the manifest to the loading of the box.", "hours", "manifests", "higher", quantile=("lead_min / 60", 0.5), decimals=1, privacy="cargo", within="csi_filings"),
    Metric("csi_high_share", "High-risk boxes", "Share of the filings with a known tier that were given the high one.", "share", "manifests", where="risk_tier_code IS NOT NULL", share="risk_tier_code = 'high'", decimals=1, standard=_GAO, privacy="cargo", within="csi_filings"),
    Metric("csi_referrals", "Referred to the host", "Boxes referred to the host customs for inspection.", "count", "manifests", count=True, where=_REFERRED, standard=_GAO, privacy="cargo", within="csi_filings", is_rare=True),
    Metric("csi_answered_share", "Referrals answered", "Share of the boxes referred that the host accepted or waived.", "share", "manifests", "higher", where=_REFERRED, share="host_answer_code IS NOT NULL", decimals=1, standard=_GAO, privacy="cargo", within="csi_referrals", is_rare=True),
    Metric("csi_accepted_share", "Referrals accepted", "Share of the answered referrals that the host accepted to inspect; the others were waived.", "share", "manifests", where="host_answer_code IS NOT NULL", share="host_answer_code = 'accepted'", decimals=1, standard=_GAO, privacy="cargo", within="csi_answered_share", is_rare=True),
    Metric("csi_nii_share", "Scanned", "Share of the boxes filed that were scanned on a referral.", "share", "manifests", where="has_nii IS NOT NULL", share="has_nii", decimals=2, standard=_GAO, privacy="cargo", within="csi_filings", true_within="csi_accepted_share", is_rare=True),
    Metric("csi_physical_share", "Opened and inspected", "Share of the boxes filed that were opened on a referral.", "share", "manifests", where="has_physical IS NOT NULL", share="has_physical", decimals=2, standard=_GAO, privacy="cargo", within="csi_filings", true_within="csi_accepted_share", is_rare=True),
    Metric("csi_hit_share", "Hit rate of inspections", "Share of the inspected boxes with a known result in which an irregularity was found.", "share", "manifests", where=_INSPECTED, share="inspection_result_code = 'hit'", decimals=1, standard=_GAO, privacy="cargo", within="csi_accepted_share", is_rare=True),
    Metric("csi_resolved_share", "Resolved before loading", "Share of the boxes referred, with a known loading, whose hold was lifted before it.", "share", "manifests", "higher", where=f"{_REFERRED} AND loading_at IS NOT NULL", share="coalesce(resolved_at <= loading_at, false)", decimals=1, standard=_GAO, privacy="cargo", within="csi_referrals", is_rare=True),
    # A hold ends with a waiver or an inspection: the number of holds that ended, less the waivers, is that of the inspections.
    Metric("csi_hold_p50", "Median hold to release", "From the referral to the resolution, where both are known.", "min", "manifests", "lower", quantile=("hold_min", 0.5), standard=_GAO, privacy="cargo", within="csi_referrals", told_with="csi_hit_share", is_rare=True),
    Metric("csi_hold_p90", "90th percentile of hold to release", "One hold in ten lasts longer than this.", "min", "manifests", "lower", quantile=("hold_min", 0.9), standard=_GAO, privacy="cargo", within="csi_referrals", told_with="csi_hit_share", is_rare=True),
)  # fmt: skip

_COUNTED = {metric.code for metric in METRICS if metric.count or metric.share}
for _metric in METRICS:
    if any(base and base not in _COUNTED for base in (_metric.within, _metric.true_within, _metric.told_with)):
        raise DeclarationError(f"metric {_metric.code}", "it lies within no count or share of this area")
    if not _metric.is_rare and any(base.is_rare for base in METRICS if base.code in (_metric.within, _metric.true_within, _metric.told_with)):
        raise DeclarationError(f"metric {_metric.code}", "it lies within a rare one and is not rare itself")
