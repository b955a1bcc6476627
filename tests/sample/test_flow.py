"""The event loop, on trucks few enough to count by hand."""

from __future__ import annotations

import numpy as np

from sample_data.simulator.flow import RECORD, Flow
from sample_data.simulator.port import DAY_SHIFT, ENTRY, OUT, P_NONE, P_OUT, P_WEIGH, PARK, WEIGH_1, Servers, Shut

NOON = 12 * 3600


def _flow(count: int, night: int | None = None) -> Flow:
    return Flow({P_WEIGH: Servers(count, 1.0, night or count), P_OUT: Servers(1, 1.0, 1)})


def _run(flow: Flow, arrive: list[int], service: int = 100, plates: list[int] | None = None, until: int = 86400) -> dict[int, dict[str, int]]:
    """Weigh trucks that come at `arrive`; return the weighing's record of each."""
    shape = (len(arrive), 1)
    plates = list(range(len(arrive))) if plates is None else plates
    flow.add(0, np.array(arrive), np.full(shape, WEIGH_1), np.full(shape, P_WEIGH), np.full(shape, service), np.zeros(shape, int), np.zeros(shape, int), np.array(plates))
    return {row[0]: dict(zip(RECORD, row, strict=True)) for row in flow.run(until).tolist()}


def test_one_server_serves_in_order_of_arrival():
    found = _run(_flow(1), [NOON, NOON + 10, NOON + 20])
    assert [found[n]["started"] for n in range(3)] == [NOON, NOON + 100, NOON + 200]
    assert [found[n]["left"] for n in range(3)] == [NOON + 100, NOON + 200, NOON + 300]


def test_two_servers_share_one_queue():
    found = _run(_flow(2), [NOON, NOON + 10, NOON + 20, NOON + 30])
    assert [found[n]["started"] for n in range(4)] == [NOON, NOON + 10, NOON + 100, NOON + 110]


def test_no_service_begins_while_shut():
    flow = _flow(1)
    flow.close([Shut("PANNE SCANNER", "WB1", (P_WEIGH,), NOON + 50, NOON + 900)])
    found = _run(flow, [NOON, NOON + 60])
    assert found[0]["ended"] == NOON + 100
    assert found[1]["started"] == NOON + 900


def test_day_servers_rest_at_night():
    closes = DAY_SHIFT[1]
    found = _run(_flow(2, night=1), [closes - 10, closes + 1, closes + 2])
    assert found[1]["server"] == found[2]["server"] == 0 or found[0]["server"] == 0
    waits = [found[n]["started"] - found[n]["arrived"] for n in range(3)]
    assert max(waits) >= 89  # the third truck finds one server only


def test_a_truck_inside_comes_back_when_it_has_left():
    found = _run(_flow(5), [NOON, NOON + 10], plates=[7, 7])
    assert found[1]["arrived"] >= found[0]["left"]


def test_state_is_carried_over_midnight():
    flow = _flow(1)
    first = _run(flow, [NOON], service=100_000)
    flow.add(5, np.array([NOON + 5]), np.array([[WEIGH_1]]), np.array([[P_WEIGH]]), np.array([[60]]), np.zeros((1, 1), int), np.zeros((1, 1), int), np.array([9]))
    later = flow.run(3 * 86400)
    assert later[0][RECORD.index("started")] == first[0]["ended"]


def test_a_copy_does_not_touch_the_original():
    flow = _flow(1)
    twin = flow.copy()
    _run(twin, [NOON])
    assert not flow.heap and flow.free[P_WEIGH] == [(0, 0)] and not flow.busy


def test_legs_follow_each_other():
    flow = _flow(1)
    roles, pools = np.array([[ENTRY, PARK, OUT, -1]]), np.array([[P_WEIGH, P_NONE, P_OUT, P_NONE]])
    flow.add(0, np.array([NOON]), roles, pools, np.array([[10, 500, 20, 0]]), np.array([[0, 30, 40, 0]]), np.array([[0, 5, 0, 0]]), np.array([1]))
    rows = flow.run(86400)
    assert rows[:, RECORD.index("arrived")].tolist() == [NOON, NOON + 40, NOON + 585]
    assert rows[:, RECORD.index("left")].tolist() == [NOON + 10, NOON + 545, NOON + 605]
