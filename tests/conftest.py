"""Settings of all tests. How long an example takes says how busy the machine is, not whether the code is right."""

from hypothesis import HealthCheck, settings

settings.register_profile("smartport", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("smartport")
