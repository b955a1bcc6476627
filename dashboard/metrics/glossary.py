"""GLOSSARY: the port's words as the screens use them, one sentence each. One written list, in the order a visit happens."""

from __future__ import annotations

from dashboard.i18n import N_

GLOSSARY: tuple[tuple[str, str], ...] = (
    (N_("Visit"), N_("One truck from its port gate-in to its port gate-out, or still inside.")),
    (N_("Queue (Q)"), N_("From arrival in the queue to the entry gate cleared. Seen for tracked trucks only, so its share of visits stands beside it.")),
    (N_("Truck turnaround (P)"), N_("From port entry cleared to port exit cleared. The headline figure, the bands and the pilot page use it.")),
    (N_("Total visit (V)"), N_("Queue and turnaround together; no figure, never zero, where the queue was not seen.")),
    (N_("Terminal turn (T)"), N_("From terminal gate-in to terminal gate-out, summed over the terminals of one visit.")),
    (N_("Median"), N_("Half of the trucks took less, half took longer.")),
    (N_("90th percentile"), N_("One truck in ten took longer.")),
    (N_("Planning time"), N_("Allow this many minutes: nineteen trucks in twenty took less.")),
    (N_("All included"), N_("Everything the driver lived through. The default view.")),
    (N_("Without inspections, incidents and closures"), N_("The second view. The number of visits it leaves out is always shown.")),
    (N_("Like-for-like"), N_("Compared with the same mix of lanes, hours and cargo on both sides, so that a change in who comes is not read as a change in how long it takes.")),
    (N_("Before pilot"), N_("The same lanes, before the day the pilot was switched on.")),
    (N_("Comparison lanes"), N_("Lanes of the same port without the pilot, watched over the same dates.")),
    (N_("Congestion index"), N_("Median stay in a zone divided by the stay of a freely flowing hour in that zone. 1 is free flow, 2 is twice as long.")),
    (N_("Lost truck-hours"), N_("Waiting beyond what trucks wait when traffic flows freely, added up over all trucks.")),
    (N_("Document check"), N_("A place where the driver had to show papers. Recorded for a share of the visits.")),
    (N_("Release"), N_("Customs lets the goods leave.")),
    (N_("Reference mark"), N_("A published figure of another port, to see where one stands. It is no target.")),
    (N_("Dwell"), N_("Time the cargo, not the truck, spends in the port; counted in days.")),
    (N_("Clock fault"), N_("A day on which a log's clock is an hour off; durations that would use it are not given.")),
    (N_("Expected trucks (tomorrow)"), N_("Bookings known at the midnight before, spread around their slots as trucks came, times the turn-up of the last 28 days; plus trucks without appointment, mean of the same weekday of the last four weeks.")),
    (N_("Limit of an hour"), N_("90th percentile of the trucks let in an hour over the last 56 days, of hours in which as many lanes, weighbridges, yard equipment and exit desks were open; at least 20 such hours. Means expected open are those most often open at that hour of the same weekday of the last four weeks.")),
    (N_("Overloaded hour"), N_("More trucks than the limit of the hour: forecast the evening before, or come.")),
    (N_("Usual, unusual"), N_("Within, or outside, what the last eight comparable weekdays show.")),
    (N_("n"), N_("The number of rows behind a figure.")),
)  # fmt: skip
