"""The workshop: log files in, one immutable build out. Never imports the dashboard."""
