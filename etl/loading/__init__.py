"""The parts of a load, one file an act: lock, intake (files -> lake), reach (which days), recompute (lake -> facts), ledger, report."""
