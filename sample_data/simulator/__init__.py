"""Makes the fictitious sample port: `simulate(options)` writes logs as a port would drop them, and the truth behind them.

    from sample_data.simulator import demo, simulate
    simulate(demo(Path("demo/logs")))
"""

from sample_data.simulator.options import Options, demo, small
from sample_data.simulator.run import Summary, simulate

__all__ = ["Options", "Summary", "demo", "simulate", "small"]
