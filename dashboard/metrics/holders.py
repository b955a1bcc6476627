"""Who holds a truck's clock at each step of a visit: the party whose act ends the step. One written list, beside STAGE_HOLDER for the goods' papers."""

from __future__ import annotations

from dashboard.i18n import N_
from etl.contracts.codes import STEP
from etl.errors import DeclarationError

HOLDERS: dict[str, str] = {
    "port": N_("Port agency"), "terminal": N_("Terminal"), "customs": N_("Customs"), "other_agency": N_("Other agency"), "road": N_("On the way between points"),
}  # fmt: skip
# The port weighs and opens its gates; a terminal's log times its own gates; a scan ends with customs' verdict; nobody's log says why a truck is slow on the road.
STEP_HOLDER: dict[str, str] = {
    "weigh_empty": "port", "terminal": "terminal", "scan": "customs", "physical_inspection": "customs", "phytosanitary_inspection": "other_agency", "weigh_full": "port",
    "exit_check": "customs", "port_gate_out": "port", "travel": "road",
}  # fmt: skip

if set(STEP_HOLDER) != set(STEP.codes) or set(STEP_HOLDER.values()) != set(HOLDERS):
    raise DeclarationError("step holders", "the list and the steps differ", ", ".join(STEP.codes))
