"""DEFINITIONS: how other ports and one standard define a truck's time, what was found of it and when, and how this port is counted by it.

One written list, frozen: a definition changes by a new entry, never by an edit that leaves old figures beside new words. The figures they published
stand in the site's reference/benchmarks.csv, tied by `definition_code`; the metrics in their_definition.py. Texts are English keys; sources stay as cited.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.i18n import N_
from dashboard.metrics import METRICS
from etl.errors import DeclarationError


@dataclass(frozen=True)
class Figure:
    """One figure of a definition: our metric by it, the published marks beside it (metric_code of dim_benchmarks), the same statistic over the whole visit
    at the port gate, and for a mean the metric of its standard deviation. Words only name it: the rest is the metric's."""

    metric: str
    label: str
    marks: tuple[str, ...] = ()
    whole: str | None = None
    sd: str | None = None


@dataclass(frozen=True)
class Definition:
    """One definition: what it measures, over whom, what it leaves out; how it is applied here; what could be checked; what follows and what does not.

    port       the port whose published figures come first (dim_benchmarks.port); empty for a standard
    head       metric of the figure the conclusion speaks of
    seen       metric of the share of visits the figures rest on, where an event is seen for a part only
    allows     what the comparison is good for; `denies` two sentences of what it is not
    sources    citations with their dates, as they are
    """

    code: str
    name: str
    port: str
    figures: tuple[Figure, ...]
    head: str
    perimeter: str
    clock: str
    statistic: str
    population: str
    excluded: str
    here: str
    checked: str
    allows: str
    denies: tuple[str, str]
    sources: tuple[str, ...]
    seen: str | None = None

    def __post_init__(self) -> None:
        where = f"definition {self.code}"
        for code in (each for figure in self.figures for each in (figure.metric, figure.whole, figure.sd) if each):
            if code not in METRICS:
                raise DeclarationError(where, f"its metric '{code}' is not known")
        if self.head not in (figure.metric for figure in self.figures):
            raise DeclarationError(where, f"its head '{self.head}' is none of its figures")

    @property
    def texts(self) -> tuple[str, ...]:
        """Every sentence a reader sees."""
        return (self.perimeter, self.clock, self.statistic, self.population, self.excluded, self.here, self.checked, self.allows, *self.denies)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric behind it, each once."""
        return tuple(dict.fromkeys(code for figure in self.figures for code in (figure.metric, figure.whole, figure.sd) if code)) + ((self.seen,) if self.seen else ())


_QUEUE_AND_TERMINAL = N_("Queue before the port gate and terminal turn added up, of visits to one terminal whose queue was seen. Here that queue stands before the port gate, not before the terminal's; weighing, customs and the way between lie outside the count, and the whole visit beside it holds them.")

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "metris", N_("Los Angeles and Long Beach: METRIS study"), "Los Angeles and Long Beach",
        (
            Figure("metris_visit_p50", N_("Median visit"), ("total_visit_median_min",), "total_visit_p50"), Figure("metris_queue_p50", N_("Median queue"), ("queue_median_min",)),
            Figure("metris_terminal_p50", N_("Median terminal turn"), ("terminal_turn_median_min",)), Figure("metris_under_30_share", N_("Under 30 min"), ("share_under_30",)),
            Figure("metris_under_60_share", N_("Under 60 min"), ("share_under_60",), "total_under_60_share"), Figure("metris_under_90_share", N_("Under 90 min"), ("share_under_90",)),
            Figure("metris_under_120_share", N_("Under 120 min"), ("share_under_120",)),
        ),
        "metris_visit_p50",
        perimeter=N_("The terminal and the line of trucks outside its gate."),
        clock=N_("Queue: from joining the line to the entry gate. Terminal: from the entry gate to the exit gate. Visit: both added up."),
        statistic=N_("Medians of the three times, and the share of visits under 30, 60, 90 and 120 minutes."),
        population=N_("Visits of about 250 trucks with a satellite tracker; the medians are of October 2010."),
        excluded=N_("Nothing that we found: trucks that come early to wait for the evening gates are counted, and the meal break shows."),
        here=_QUEUE_AND_TERMINAL,
        checked=N_("Clock, medians and shares were read again in the announcement of the study. Which months the shares are of is not said there."),
        allows=N_("The same three times can be followed here month after month, for the trucks whose queue is seen."),
        denies=(
            N_("Terminals that trucks drive to directly and a port with a gate, weighbridges and customs of its own are not the same way to go: a gap does not say who works better."),
            N_("The published figures are of 2010 and speak of their time, not of Los Angeles and Long Beach today."),
        ),
        sources=(
            "PierPass, “Groundbreaking Study Provides First Comprehensive Measurement of Truck Queuing and Visit Times at the Ports”, pierpass.org (2011), read 2026-11-21",
            "V. Noronha, “Duration of Truck Visits to Marine Terminals”, final report, 2011-03-31 (opening pages read 2026-11-21)",
        ),
        seen="metris_seen_share",
    ),
    Definition(
        "hta", N_("Los Angeles and Long Beach: hauliers (HTA)"), "Los Angeles and Long Beach",
        (Figure("hta_visit_mean", N_("Mean visit"), ("total_visit_mean_min",), "total_visit_mean", "hta_visit_sd"),),
        "hta_visit_mean",
        perimeter=N_("The terminal and the line of trucks outside its gate."),
        clock=N_("From arrival in the line outside the in-gate to passing the out-gate."),
        statistic=N_("Mean of a month over the container terminals of both ports."),
        population=N_("Visits of the hauliers' trucks that their association follows by satellite."),
        excluded=N_("None named in what was read."),
        here=_QUEUE_AND_TERMINAL,
        checked=N_("The clock was read in reports of the association's figures of 2016, and the 71 minutes of September 2019 in the Journal of Commerce. The 69 minutes of November 2019 come from an earlier collection and could not be read again."),
        allows=N_("Beside METRIS the comparison shows how far mean and median of the same minutes lie apart."),
        denies=(
            N_("A mean follows its worst visits: a few bad days, here or there, can make the whole gap."),
            N_("The published months are of 2019; how many trucks they rest on is not known."),
        ),
        sources=(
            "Vilden Associates, “Port of LA-LB Truck Turn-Times Improve Through Trucker-Terminal Cooperation”, vilden.com (June 2016), read 2026-11-21",
            "JOC, “Collaboration drives LA-LB truck turn times to near six-year low”, 2019-10-09, read 2026-11-21", "JOC, 2019-12-03 (not found again)",
        ),
        seen="metris_seen_share",
    ),
    Definition(
        "pierpass", N_("Los Angeles and Long Beach: terminal operators (PierPass)"), "Los Angeles and Long Beach",
        (
            Figure("pierpass_day_mean", N_("Mean terminal turn, day shift"), ("terminal_turn_day_mean_min",), "turnaround_mean", "pierpass_day_sd"),
            Figure("pierpass_night_mean", N_("Mean terminal turn, night shift"), ("terminal_turn_night_mean_min",), sd="pierpass_night_sd"),
        ),
        "pierpass_day_mean",
        perimeter=N_("Inside the terminal only."),
        clock=N_("The time a truck is inside the terminal for one transaction, by radio tags."),
        statistic=N_("Mean of a month by shift: the day shift is Monday to Friday, 8:00 to 17:00."),
        population=N_("Trucks with a radio tag at the terminals of both ports, May 2016."),
        excluded=N_("Lunch hour, breaks and trouble tickets."),
        here=N_("Terminal turn of visits to one terminal without a trouble ticket, by the hour of entry at the port gate. Lunch and breaks cannot be taken out: no log here says when they are."),
        checked=N_("Clock, exclusions and figures were read in the newsletter of June 2016."),
        allows=N_("Beside the hauliers' figure for the same two ports the comparison shows what queue and exclusions weigh."),
        denies=(
            N_("A figure without trouble tickets is shorter, the day of the truck with a ticket is not."),
            N_("Breaks are in the figure here and not in the one of 2016, so that the two are not quite of the same minutes."),
        ),
        sources=("PierPass, “June 2016 Newsletter”, pierpass.org, read 2026-11-21",),
    ),
    Definition(
        "vancouver", N_("Port Metro Vancouver"), "Vancouver",
        (
            Figure("vancouver_under_60_share", N_("Under one hour"), ("share_under_60", "goal_under_60"), "total_under_60_share"),
            Figure("vancouver_over_120_share", N_("Over two hours"), ("share_over_120",), "total_over_120_share"),
        ),
        "vancouver_under_60_share",
        perimeter=N_("The container terminal with its gate queue or staging area."),
        clock=N_("From arrival in the staging area or gate queue to the end of the time in the terminal, by satellite trackers."),
        statistic=N_("Share of visits under one hour and over two hours."),
        population=N_("Trucks of the port's licensing system with a tracker: about half of them in 2013, all from June 2014."),
        excluded=N_("None named in what was read."),
        here=_QUEUE_AND_TERMINAL,
        checked=N_("Shares and goal were read in the port's statement of 27 February 2014. It calls them wait times and gives neither clock nor month; the clock is that of the port's waiting fee, announced in August 2013."),
        allows=N_("A share under one hour is a promise that anybody can check, and it can be counted here every month."),
        denies=(
            N_("The 75 % were Vancouver's own goal for 2014. They are no target for this port: none has been published."),
            N_("Trucks with a tracker there and trucks whose queue is seen here may not be like all the others."),
        ),
        sources=(
            "Port Metro Vancouver, “Port Metro Vancouver to Take Action Against Truckers Who Disrupt Port Operations”, 2014-02-27, read 2026-11-21",
            "Cargo Business News, “Port Metro Vancouver implements terminal gate fee”, 2013-08-02, read 2026-11-21", "Port Metro Vancouver, trucking page (GPS on all trucks, 2014-06-16), read 2026-11-21",
        ),
        seen="metris_seen_share",
    ),
    Definition(
        "botany", N_("Port Botany and the Australian ports"), "Port Botany",
        (Figure("botany_turn_mean", N_("Mean call at a terminal"), ("terminal_turn_mean_min",), "turnaround_mean", "botany_turn_sd"),),
        "botany_turn_mean",
        perimeter=N_("The stevedore's terminal; whether the queue before it was counted could not be confirmed."),
        clock=N_("Terminal in-gate to out-gate, as the stevedores measured it in 2011. From 2012 tags were to count from joining any queue."),
        statistic=N_("Mean of a year."),
        population=N_("Trucks served at Port Botany in the first year of its rules (2011-12), and at the terminals of five ports in 2014-15."),
        excluded=N_("Not confirmed: the text of the mandatory standards could not be read."),
        here=N_("Terminal gate-in to gate-out of every call; a truck that called at two terminals counts twice. No queue, no weighing, no customs."),
        checked=N_("The figures were read in the annual report of Sydney Ports for 2012 and in a report on the competition authority's (ACCC) of 2015; the clock in a note on a meeting of July 2011 only."),
        allows=N_("The terminals' own part of a visit can be told from the part of the port and of customs."),
        denies=(
            N_("Port Botany itself stands at 32 minutes by one publisher and at 39.4 by another three years later: a gap of this size is no finding."),
            N_("What is left out there, and which queue is in, could not be confirmed."),
        ),
        sources=(
            "Sydney Ports Corporation, “Annual Report 2012”, PBLIS page, read 2026-11-21", "CBFCA, note on the PBLIS Road Taskforce of 2011-07-21, lighthouseagencies.com.au (Aug 2011), read 2026-11-21",
            "Fully Loaded, “Truck turnaround times rise but trend is positive” (Nov 2015), on ACCC, Container stevedoring monitoring report 17, read 2026-11-21",
        ),
    ),
    Definition(
        "tic40", N_("TIC4.0: the terminals' standard"), "",
        (Figure("tic_turn_p50", N_("Median call at a terminal"), whole="turnaround_p50"), Figure("tic_turn_p90", N_("1 call in 10 over"), whole="turnaround_p90")),
        "tic_turn_p50",
        perimeter=N_("The terminal, as far as the terminal itself controls it."),
        clock=N_("From gate-in completed to gate-out completed."),
        statistic=N_("None: the standard defines the time of one visit. Median and 90th percentile are our choice."),
        population=N_("Every truck that picks up or drops cargo; each terminal is a visit of its own."),
        excluded=N_("None named."),
        here=N_("Terminal gate-in completed to gate-out completed of every call. The terminals' logs hold both times; only calls with an uncertain clock are left out."),
        checked=N_("Read on the pages of the association itself, which name its publication 2024.012."),
        allows=N_("Any terminal that follows the standard can give the same figure, and the two can be laid side by side."),
        denies=(
            N_("It is silent on queue, weighbridges and customs, for which a driver waits too."),
            N_("No port's figure by this standard was found: there is nothing to compare with yet."),
        ),
        sources=("TIC4.0, “Carriervisit Turnaround Time” and “TerminalGate”, tic40.atlassian.net, read 2026-11-21",),
    ),
)  # fmt: skip

# Shown as published and never recomputed: no file of theirs has been handed over, and each is its own authority's to measure.
PUBLISHED_ONLY: tuple[str, ...] = ("Tanger Med", "Marseille Fos")
