"""Casablanca counted as other ports count: the metrics of "By their definition". What each definition is, and from where, stands in their_words.py.

All of them lie inside the terminal's gate, where those ports have their only one: weighing, customs and the way between the port gate and the
terminal are in none. What the whole visit takes by the same statistic stands beside them (total_visit_*, turnaround_*).
"""

from __future__ import annotations

from dashboard.metrics.definitions import Metric

# A visit abroad is one terminal's: a truck that called at two made two. Its points in order say so; it is null where a clock was uncertain.
_ONE_TERMINAL = "terminal_turn_min IS NOT NULL AND path_codes NOT LIKE '%terminal%terminal%'"
_QUEUE_SEEN = f"queue_min IS NOT NULL AND {_ONE_TERMINAL}"
_QUEUE_AND_TERMINAL = "queue_min + terminal_turn_min"
_WHOLE = "total_visit_min IS NOT NULL"
# One call at a terminal, from its gate-in completed to its gate-out completed: the step without its wait at that gate.
_CALL = "step_code = 'terminal' AND service_min IS NOT NULL"
# PierPass: a day shift is Monday to Friday, 8:00 to 17:00; all other hours are the night shift. Trouble tickets are left out.
_DAY_SHIFT = "entry_weekday <= 5 AND entry_hour >= 8 AND entry_hour < 17"
_NO_TICKET = f"{_ONE_TERMINAL} AND has_trouble_ticket IS FALSE"

_TIC, _BOTANY, _METRIS, _VANCOUVER, _HTA, _PIERPASS = "TIC4.0", "Port Botany, ACCC", "METRIS", "Port Metro Vancouver", "HTA", "PierPass"


def _under(minutes: int) -> Metric:
    return Metric(
        f"metris_under_{minutes}_share", f"Queue and terminal under {minutes} min", f"Share of the visits to one terminal, with a seen queue, whose queue and terminal turn together took less than {minutes} minutes.",
        "share", "visits", where=_QUEUE_SEEN, share=f"{_QUEUE_AND_TERMINAL} < {minutes}", decimals=1, standard=_METRIS,
    )  # fmt: skip


METRICS = (
    # ---- TIC4.0 and Port Botany: one call at one terminal
    Metric("tic_turn_p50", "Median call at a terminal", "Terminal gate-in completed to gate-out completed, one row a call: half of the calls take longer.", "min", "steps", "lower", where=_CALL, quantile=("service_min", 0.5), standard=_TIC),
    Metric("tic_turn_p90", "90th percentile of a call at a terminal", "One call in ten takes longer from terminal gate-in completed to gate-out completed.", "min", "steps", "lower", where=_CALL, quantile=("service_min", 0.9), standard=_TIC),
    Metric("botany_turn_mean", "Mean call at a terminal", "Arithmetic mean of the minutes from terminal gate-in to gate-out, one row a call.", "min", "steps", "lower", where=_CALL, aggregate="avg(service_min)", decimals=1, standard=_BOTANY),
    Metric("botany_turn_sd", "Standard deviation of a call at a terminal", "How far calls spread around their mean; its interval is made from it.", "min", "steps", where=_CALL, aggregate="stddev_samp(service_min)", decimals=1, standard=_BOTANY),
    # ---- METRIS: queue and terminal of the same trucks
    Metric("metris_queue_p50", "Median queue, by METRIS", "Arrival in the queue to port entry cleared, of the visits to one terminal whose queue was seen.", "min", "visits", "lower", where=_QUEUE_SEEN, quantile=("queue_min", 0.5), standard=_METRIS),
    Metric("metris_terminal_p50", "Median terminal time, by METRIS", "Terminal gate-in to gate-out, of the visits to one terminal whose queue was seen.", "min", "visits", "lower", where=_QUEUE_SEEN, quantile=("terminal_turn_min", 0.5), standard=_METRIS),
    Metric("metris_visit_p50", "Median visit, by METRIS", "Queue and terminal turn added up, of the visits to one terminal whose queue was seen.", "min", "visits", "lower", where=_QUEUE_SEEN, quantile=(_QUEUE_AND_TERMINAL, 0.5), standard=_METRIS),
    *(_under(minutes) for minutes in (30, 60, 90, 120)),
    Metric("metris_seen_share", "Queue seen, of visits to one terminal", "Share of the visits to one terminal whose queue was seen: the trucks the figures of queue and terminal rest on.", "share", "visits", where=_ONE_TERMINAL, share="queue_min IS NOT NULL", decimals=1, standard=_METRIS),
    # ---- Vancouver and the hauliers of Los Angeles: the same minutes, other statistics
    Metric("vancouver_under_60_share", "Under one hour, by Vancouver", "Share of the visits to one terminal, with a seen queue, that took less than 60 minutes in queue and terminal.", "share", "visits", "higher", where=_QUEUE_SEEN, share=f"{_QUEUE_AND_TERMINAL} < 60", decimals=1, standard=_VANCOUVER),
    Metric("vancouver_over_120_share", "Over two hours, by Vancouver", "Share of the visits to one terminal, with a seen queue, that took more than 120 minutes in queue and terminal.", "share", "visits", "lower", where=_QUEUE_SEEN, share=f"{_QUEUE_AND_TERMINAL} > 120", decimals=1, standard=_VANCOUVER),
    Metric("hta_visit_mean", "Mean visit, by HTA", "Arithmetic mean of queue and terminal turn together, of the visits to one terminal whose queue was seen.", "min", "visits", "lower", where=_QUEUE_SEEN, aggregate=f"avg({_QUEUE_AND_TERMINAL})", decimals=1, standard=_HTA),
    Metric("hta_visit_sd", "Standard deviation of a visit, by HTA", "How far these visits spread around their mean; its interval is made from it.", "min", "visits", where=_QUEUE_SEEN, aggregate=f"stddev_samp({_QUEUE_AND_TERMINAL})", decimals=1, standard=_HTA),
    # ---- PierPass: inside the terminal, without trouble tickets, by shift
    *(
        metric for shift, words, condition in (("day", "day shift", _DAY_SHIFT), ("night", "night shift", f"NOT ({_DAY_SHIFT})"))
        for metric in (
            Metric(f"pierpass_{shift}_mean", f"Mean terminal turn, {words}", f"Arithmetic mean of the minutes from terminal gate-in to gate-out, {words}, visits to one terminal without a trouble ticket.",
                   "min", "visits", "lower", where=f"{_NO_TICKET} AND {condition}", aggregate="avg(terminal_turn_min)", decimals=1, standard=_PIERPASS),
            Metric(f"pierpass_{shift}_sd", f"Standard deviation of the terminal turn, {words}", "How far these visits spread around their mean; its interval is made from it.",
                   "min", "visits", where=f"{_NO_TICKET} AND {condition}", aggregate="stddev_samp(terminal_turn_min)", decimals=1, standard=_PIERPASS),
        )
    ),
    # ---- the whole visit at the port gate, by the same statistics
    Metric("total_visit_mean", "Mean total visit", "Arithmetic mean of queue and turnaround together, of the visits whose queue was seen.", "min", "visits", "lower", where=_WHOLE, aggregate="avg(total_visit_min)", decimals=1),
    Metric("total_under_60_share", "Total visit under one hour", "Share of the visits with a seen queue whose queue and turnaround together took less than 60 minutes.", "share", "visits", "higher", where=_WHOLE, share="total_visit_min < 60", decimals=1),
    Metric("total_over_120_share", "Total visit over two hours", "Share of the visits with a seen queue whose queue and turnaround together took more than 120 minutes.", "share", "visits", "lower", where=_WHOLE, share="total_visit_min > 120", decimals=1),
)  # fmt: skip
