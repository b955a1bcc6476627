"""The sentence of an Effect, in English and French: ranges rounded outward, reasons after because, never a lone point estimate.

Both languages stand here side by side, so that a translator sees the whole sentence and a test can hold every form against FORBIDDEN. Arabic builds its sentences
otherwise: they are in arabic.py, and every function here hands over to it.
"""

from __future__ import annotations

import datetime as dt
import re

from babel.numbers import format_decimal

from dashboard.evidence import arabic
from dashboard.evidence.effect import Effect, Range
from dashboard.evidence.figures import LOCALES, day, drift, largest_unseen, number, outward, percent, step
from dashboard.evidence.verdict import Reason

# What no sentence may say; a test renders every form against it.
FORBIDDEN = re.compile(
    r"\b(proven|prove[sd]?|guaranteed|significant\w*|p-value|probabilit\w+|no effect|trends verified|thanks to|on track|trending|all gates"
    r"|caused(?! (?:.*)compared with)|prouvé\w*|garanti\w*|significati\w+|grâce au|aucun effet|toutes les portes|p-valeur)\b"
    # Arabic particles grow onto words (والمثبت), so these are found inside them too.
    r"|أثبت|يثبت|تثبت|مثبت|إثبات|مضمون|(?<![يت])[يت]ضمن|دلالة إحصائية|دال إحصائي|معنوي|احتمال|بفضل|لا أثر|أي أثر|(?:كل|جميع|كافة) الأبواب|على الطريق الصحيح|بسبب المشروع",
    re.IGNORECASE,
)
VERDICT_WORDS = {
    "en": {"strong": "strong", "moderate": "moderate", "weak": "weak", "none": "no detectable change", "not_yet": "not yet measurable"},
    "fr": {"strong": "fort", "moderate": "moyen", "weak": "faible", "none": "aucun changement décelable", "not_yet": "pas encore mesurable"},
    "ar": arabic.VERDICT_WORDS,
}
_KINDS = {
    "en": {"gate": ("gate", "gates"), "lane": ("lane", "lanes"), "terminal": ("terminal", "terminals"), "carrier": ("transporter", "transporters"), "unit": ("unit", "units")},
    "fr": {"gate": ("la porte", "les portes"), "lane": ("la voie", "les voies"), "terminal": ("le terminal", "les terminaux"), "carrier": ("le transporteur", "les transporteurs"), "unit": ("l’unité", "les unités")},
}  # fmt: skip
_AT = {
    "gate": ("à la porte", "aux portes"), "lane": ("à la voie", "aux voies"), "terminal": ("au terminal", "aux terminaux"),
    "carrier": ("du transporteur", "des transporteurs"), "unit": ("de l’unité", "des unités"),
}  # fmt: skip
# Who or where, by the measure (and its statistic): the beginning of a sentence about minutes. Steps say where; median and P90 say which truck.
_LEADS: dict[str, tuple[str, str]] = {
    "queue_min": ("In the queue before the gate, ", "Dans la file avant la porte, "), "weigh_empty_min": ("At the empty weighing, ", "Au pesage à vide, "),
    "terminal_min": ("At the terminal, ", "Au terminal, "), "scan_min": ("At the scanner, ", "Au scanner, "),
    "physical_inspection_min": ("At the physical inspection, ", "À la visite physique, "), "phytosanitary_inspection_min": ("At the phytosanitary inspection, ", "Au contrôle phytosanitaire, "),
    "weigh_full_min": ("At the full weighing, ", "Au pesage à plein, "), "exit_check_min": ("At the customs exit check, ", "Au contrôle douanier de sortie, "),
    "port_gate_out_min": ("At the port gate-out, ", "À la sortie du port, "), "travel_min": ("Between service points, ", "Entre les points de service, "),
}  # fmt: skip
# statistic -> (subject EN, subject FR, verb FR)
_WHICH: dict[str, tuple[str, str, str]] = {
    "mean": ("trucks", "les camions", "ont mis"), "p50": ("the typical truck (median)", "le camion médian", "a mis"), "p90": ("a slow truck (one in ten is slower)", "un camion lent (un sur dix l’est davantage)", "a mis"),
}  # fmt: skip
_MEASURES: dict[str, tuple[str, str]] = {"document_checks": ("The number of document checks per visit", "Nombre de contrôles documentaires par visite")}
_NAMED = 4  # places said by name; of more, the rest is counted
_OF_EN = {"carrier": "of"}  # trucks are at a gate, and of a transporter
REASONS: dict[str, tuple[str, str]] = {
    "no_comparison": ("there is no comparison unit", "il n’y a aucune unité de comparaison"),
    "short_before": ("the days measured before the start number {days} and {least} are needed", "le nombre de jours mesurés avant le début est de {days} et il en faut {least}"),
    "short_after": ("the days measured since the start number {days} and {least} are needed", "le nombre de jours mesurés depuis le début est de {days} et il en faut {least}"),
    "few_visits": ("the visits on one side number {visits} and {least} are needed", "le nombre de visites d’un des côtés est de {visits} et il en faut {least}"),
    "missing_exits": ("{share} of the exits are missing on one side and {most} is the most that is accepted", "{share} des sorties manquent d’un côté, pour {most} au plus admis"),
    "few_carriers": (
        "{units} transporters take part, {side} on the smaller side, and {least} are needed, {least_side} on each side",
        "{units} transporteurs participent, dont {side} du côté le moins nombreux, et il en faut {least}, dont {least_side} de chaque côté",
    ),
    "carriers_mean_only": ("with transporters as units only the average is measured", "avec des transporteurs pour unités, seule la moyenne est mesurée"),
    "carriers_one_start": ("transporters that start on several dates are not measured", "les transporteurs qui commencent à plusieurs dates ne sont pas mesurés"),
    "no_noise": ("there are too few units and periods to tell a change from chance", "il y a trop peu d’unités et de périodes pour distinguer un changement du hasard"),
    "too_noisy": ("the range would reach {half} either way and {most} is the most that is shown", "la marge atteindrait {half} de part et d’autre, pour {most} au plus affiché"),
    "lacked_at_look": ("too little had been measured by the last verdict day", "les mesures étaient trop peu nombreuses au dernier jour de verdict"),
    "within_noise": ("the difference is within what these units show without any pilot", "l’écart reste dans ce que ces unités montrent sans aucun pilote"),
    "below_this_look": ("it leaves out zero, but a look before the end asks for more", "zéro en est exclu, mais un regard avant la fin en demande davantage"),
    "beyond_noise": ("the change stands out from the day-to-day noise", "le changement dépasse le bruit d’un jour à l’autre"),
    "each_left_out": ("it remains when any one of {units} units is left out", "il demeure quand on retire l’une quelconque des {units} unités"),
    "no_drift_seen": ("no drift was seen before the start (one under {missed} per 100 days could be missed)", "aucune dérive n’a été vue avant le début (moins de {missed} en 100 jours peut échapper)"),
    "beyond_trial_dates": ("it exceeds {n} of {of} trial dates before the start", "il dépasse {n} des {of} dates d’essai avant le début"),
    "survives_slow_noise": ("it survives slow drift", "il résiste aux dérives lentes"),
    "slow_noise": ("slow drift could explain it", "une dérive lente pourrait l’expliquer"),
    "drift_unknown": ("the time before the start is too short to look for a drift", "la période avant le début est trop courte pour y chercher une dérive"),
    "no_trial_dates": ("the time before the start is too short for trial dates", "la période avant le début est trop courte pour des dates d’essai"),
    "trial_dates_as_large": ("{n} of {of} trial dates before the start show as much or come close", "{n} des {of} dates d’essai avant le début en montrent autant ou presque"),
    "shared_points": ("pilot and comparison share {places}, so that relief on one side is felt on the other", "pilote et comparaison partagent {places} : un soulagement d’un côté se ressent de l’autre"),
    "drift": ("the gap was already moving before the start, by {per_100} per 100 days", "l’écart bougeait déjà avant le début, de {per_100} en 100 jours"),
    "one_carries": ("it rests on one unit", "il repose sur une seule unité"),
    "two_units": ("there are two units only", "il n’y a que deux unités"),
    "missing_exits_many": ("{share} of the exits are missing on one side", "{share} des sorties manquent d’un côté"),
    "missing_exits_differ": ("missing exits differ by {points} between the sides", "les sorties manquantes diffèrent de {points} entre les côtés"),
    "excluded_after_look": ("visits were left out after a first look at the result", "des visites ont été écartées après un premier regard sur le résultat"),
    "filtered": ("filters were chosen on the page, which the plan does not know", "des filtres ont été choisis sur la page, que le plan ne prévoit pas"),
    "plan_not_locked": ("the plan was not locked before day {least}", "le plan n’a pas été figé avant le jour {least}"),
    "plan_locked_late": ("the plan was locked {days} days after the start and day {least} is the limit", "le plan n’a été figé que {days} jours après le début, la limite étant le jour {least}"),
    "plan_changed": ("the locked plan was changed afterwards", "le plan figé a été modifié par la suite"),
    "not_among_groups": ("it does not stand out among the {groups} groups looked at together", "il ne se détache pas parmi les {groups} groupes examinés ensemble"),
}  # fmt: skip
# Why there is no panel at all: whole sentences, since nothing else can be said.
REFUSALS: dict[str, tuple[str, str]] = {
    "no_arms": ("No pilot is declared for this port: the table of arms is empty.", "Aucun pilote n’est déclaré pour ce port : le tableau des groupes est vide."),
    "mixed_kinds": ("The pilot's units must be of one kind ({known}); found {kinds}.", "Les unités du pilote doivent être d’un seul type ({known}) ; trouvé : {kinds}."),
    "arms_overlap": ("Unit '{unit}' is listed twice: arms must not overlap.", "L’unité « {unit} » figure deux fois : les groupes ne doivent pas se recouper."),
    "no_pilot": ("No unit is a pilot unit: there is nothing to compare.", "Aucune unité n’est en pilote : il n’y a rien à comparer."),
    "start_outside": (
        "The start of '{unit}', {start}, lies outside the days measured after the first: {first} to {last}.",
        "Le début de « {unit} », le {start}, est hors des jours mesurés après le premier : du {first} au {last}.",
    ),
    "start_ahead": ("The pilot starts on {start}; nothing can be measured yet.", "Le pilote commence le {start} ; rien n’est encore mesurable."),
    "no_days": ("No day is complete yet: a visit may last 72 hours, and its day counts after that.", "Aucun jour n’est encore complet : une visite peut durer 72 heures, et son jour compte ensuite."),
    "carriers_whole": (
        "With transporters as units, only whole visits and all of them together are measured.", "Avec des transporteurs pour unités, seules les visites entières, toutes ensemble, sont mesurées.",
    ),
    "comparison_filtered_out": (
        "The filters leave out every comparison unit: remove them to see the effect of the pilot.", "Les filtres écartent toutes les unités de comparaison : retirez-les pour voir l’effet du pilote.",
    ),
    "pilot_filtered_out": ("The filters leave out every pilot unit: remove them to see the effect of the pilot.", "Les filtres écartent toutes les unités pilotes : retirez-les pour voir l’effet du pilote."),
    "no_visits": ("No visit of the pilot's units is left with these filters.", "Il ne reste aucune visite des unités du pilote avec ces filtres."),
}  # fmt: skip
# Days before the start do not come with time.
OLDER_LOGS: dict[str, str] = {
    "en": "Waiting adds no days before the start: older logs have to be loaded.", "fr": "Attendre n’ajoute aucun jour avant le début : il faut charger des journaux plus anciens.", "ar": arabic.OLDER_LOGS,
}  # fmt: skip
# What was not counted, by the code of study.Exclusion: English (one, several), French (one, several); {n} is how many.
EXCLUSIONS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "days_not_over": (
        ("{n} last day, whose visits may still be under way (72 h)", "{n} last days, whose visits may still be under way (72 h)"),
        ("{n} dernier jour, dont des visites peuvent être encore en cours (72 h)", "{n} derniers jours, dont des visites peuvent être encore en cours (72 h)"),
    ),
    "missing_exit": (("{n} visit without an exit", "{n} visits without an exit"), ("{n} visite sans sortie", "{n} visites sans sortie")),
    "still_inside": (("{n} visit still under way", "{n} visits still under way"), ("{n} visite encore en cours", "{n} visites encore en cours")),
    "uncertain_time": (
        ("{n} visit whose entry or exit time is uncertain", "{n} visits whose entry or exit time is uncertain"),
        ("{n} visite dont l’heure d’entrée ou de sortie est incertaine", "{n} visites dont l’heure d’entrée ou de sortie est incertaine"),
    ),
    "view_core": (
        ("{n} visit with an inspection, an incident or a closure (view chosen)", "{n} visits with an inspection, an incident or a closure (view chosen)"),
        ("{n} visite avec visite douanière, incident ou fermeture (vue choisie)", "{n} visites avec visite douanière, incident ou fermeture (vue choisie)"),
    ),
    "one_sided_mix": (
        ("{n} visit of an hour and cargo class seen on one side of the start only", "{n} visits of an hour and cargo class seen on one side of the start only"),
        ("{n} visite d’une tranche horaire et d’une classe de marchandises vues d’un seul côté du début", "{n} visites d’une tranche horaire et d’une classe de marchandises vues d’un seul côté du début"),
    ),
    "unmeasured_days": (("{n} day on which a unit had no visit", "{n} days on which a unit had no visit"), ("{n} jour où une unité n’a eu aucune visite", "{n} jours où une unité n’a eu aucune visite")),
    "unfinished_weeks": (
        ("{n} day of an unfinished week at either end", "{n} days of an unfinished week at either end"), ("{n} jour d’une semaine inachevée à l’un des bouts", "{n} jours d’une semaine inachevée à l’un des bouts"),
    ),
    "one_sided_units": (
        ("{n} unit without visits before the start, or since", "{n} units without visits before the start, or since"), ("{n} unité sans visite avant le début, ou depuis", "{n} unités sans visite avant le début, ou depuis"),
    ),
}  # fmt: skip
_SHARES = frozenset({"share", "most", "half", "points"})


def sentence(effect: Effect, lang: str = "en") -> str:
    """Return what may be said, in one short paragraph."""
    return " ".join(sentences(effect, lang))


def sentences(effect: Effect, lang: str = "en") -> tuple[str, ...]:
    """Return the same, sentence by sentence: the answer first, then how sure, what would erase it, what is not covered, and the next verdict."""
    if lang == "ar":
        return arabic.sentences(effect)
    made = _not_yet(effect, lang) if effect.verdict.code == "not_yet" else _none(effect, lang) if effect.verdict.code == "none" else _found(effect, lang)
    if effect.is_provisional and effect.next_verdict_on is not None and not any(each.code == "no_comparison" for each in effect.verdict.reasons):
        on = day(effect.next_verdict_on, lang)
        if effect.verdict.code == "not_yet":
            return (*made, f"Next verdict day: {on}." if lang == "en" else f"Prochain jour de verdict : le {on}.")
        return (*made, f"Provisional; next verdict on {on}." if lang == "en" else f"Provisoire ; prochain verdict le {on}.")
    return made


def reason(each: Reason, effect: Effect, lang: str) -> str:
    """Return one reason in words."""
    if lang == "ar":
        return arabic.reason(each, effect)
    values = {}
    for name, value in each.values.items():
        if name in ("per_100", "missed"):
            values[name] = drift(float(value), effect, lang)
        elif isinstance(value, tuple):
            values[name] = _some(value, lang)
        else:
            values[name] = percent(float(value) * 100, lang) if name in _SHARES else number(value, lang)
    return REASONS[each.code][0 if lang == "en" else 1].format(**values)


def refusal(each: Reason, lang: str) -> str:
    """Return why there is no panel, as one sentence."""
    if lang == "ar":
        return arabic.refusal(each)
    values = {name: ", ".join(map(str, value)) if isinstance(value, tuple) else day(value, lang) for name, value in each.values.items()}
    return REFUSALS[each.code][0 if lang == "en" else 1].format(**values)


def excluded(code: str, n: int, lang: str) -> str:
    """Return what was not counted, as a phrase."""
    if lang == "ar":
        return arabic.excluded(code, n)
    one, several = EXCLUSIONS[code][0 if lang == "en" else 1]
    return (one if _is_one(n, lang) else several).format(n=format_decimal(n, format="#,##0", locale=LOCALES[lang]))


def span(given: Range, unit: str, lang: str) -> str:
    """Return a range of change with its ends rounded outward: '9 to 14 minutes less', 'anything from 3 minutes less to 2 minutes more'.

    Minutes are whole, or tenths where both ends are under two; ends below 10 of another unit (`unit` is empty) keep the two digits they need.
    """
    if lang == "ar":
        return arabic.span(given, unit)
    low, high = outward(given, bool(unit))
    less, more, to = ("less", "more", "to") if lang == "en" else ("de moins", "de plus", "à")
    if high <= 0:
        return f"{number(abs(high), lang)} {to} {_counted(abs(low), unit, lang)} {less}"
    if low >= 0:
        return f"{number(abs(low), lang)} {to} {_counted(high, unit, lang)} {more}"
    between = f"{_counted(-low, unit, lang)} {less}", f"{_counted(high, unit, lang)} {more}"
    return f"anything from {between[0]} to {between[1]}" if lang == "en" else f"entre {between[0]} et {between[1]}"


def reach(given: Range, unit: str, lang: str) -> str:
    """Return bounds with their ends rounded outward: 'at least 5, at most 32 min less'. Where they hold zero: at most so much less, at most so much more."""
    if lang == "ar":
        return arabic.reach(given, unit)
    low, high = outward(given, bool(unit))
    en = lang == "en"
    less, more, least, most = ("less", "more", "at least", "at most") if en else ("de moins", "de plus", "au moins", "au plus")
    if high <= 0 or low >= 0:
        near, far = sorted((abs(low), abs(high)))
        return f"{least} {number(near, lang)}, {most} {_counted(far, unit, lang)} {less if high <= 0 else more}"
    return f"{most} {_counted(-low, unit, lang)} {less}, {most} {_counted(high, unit, lang)} {more}"


def _counted(size: float, unit: str, lang: str) -> str:
    """Return a number with its unit, singular where the language has it so."""
    return f"{number(size, lang)}{unit.removesuffix('s') if _is_one(size, lang) else unit}"


def _is_one(size: float, lang: str) -> bool:
    """Return whether a number takes the singular: in English 1 alone, in French everything below 2."""
    return size == 1 if lang == "en" else size < 2


def _found(effect: Effect, lang: str) -> tuple[str, ...]:
    en, is_minutes = lang == "en", effect.plan.measure.endswith("_min")
    unit = " minutes" if is_minutes else ""
    digits = 0 if step(max(abs(effect.change.low), abs(effect.change.high)), True) == 1 else 1
    best = f"{number(round(abs(effect.change.best), digits) if is_minutes else abs(effect.change.best), lang)}{' min' if is_minutes and not en else ''}"
    size = percent(abs(effect.percent.best), lang)
    who = _units(effect.pilots, effect.plan.unit_kind, lang)
    against = _units(effect.comparisons, effect.plan.unit_kind, lang)
    dates = f"{day(effect.start, lang)} to {day(effect.last, lang)}" if en else f"du {day(effect.start, lang)} au {day(effect.last, lang)}"
    against = (f", compared with {against}" if en else f", par comparaison avec {against}") if effect.comparisons else (", compared with units that start later" if en else ", par comparaison avec les unités qui commencent plus tard")
    change = f"**{span(effect.change, unit, lang)}**"
    if is_minutes:
        at = f"{_OF_EN.get(effect.plan.unit_kind, 'at')} {who}" if en else _at(effect.pilots, effect.plan.unit_kind)
        subject_en, subject_fr, verb = _WHICH.get(effect.plan.statistic, _WHICH["mean"])
        would = "they would have taken" if effect.plan.statistic == "mean" else "it would have taken"
        first = (
            f"{_led(effect, lang, subject_en)} {at} took {change} (best estimate {best}; {size}) than {would}{against}, {dates}."
            if en else f"{_led(effect, lang, subject_fr)} {at} {verb} {change} (meilleure estimation : {best}, {size}) que sans le pilote{against}, {dates}."
        )  # fmt: skip
    else:
        name = _MEASURES.get(effect.plan.measure, (effect.plan.measure,) * 2)[0 if en else 1]
        first = (
            f"{name} at {who} was {change} (best estimate {best}; {size}) than it would have been{against}, {dates}."
            if en else f"{name}, {who} : {change} (meilleure estimation : {best}, {size}) que sans le pilote{against}, {dates}."
        )  # fmt: skip
    return tuple(part for part in (first, _evidence(effect, lang), _erased(effect, lang), _uncovered(effect, lang)) if part)


def _led(effect: Effect, lang: str, rest: str) -> str:
    """Return the beginning of a sentence: where in the visit, if it is about a step, then the rest, with a capital at the front."""
    said = _LEADS.get(effect.plan.measure, ("", ""))[0 if lang == "en" else 1] + rest
    return said[:1].upper() + said[1:]


def _topic(effect: Effect, lang: str) -> str:
    """Return what a verdict without a finding is about, where that is not the average visit: ' in the median', ' at the scanner'."""
    lead = _LEADS.get(effect.plan.measure, ("", ""))[0 if lang == "en" else 1].rstrip(", ")
    other = {"p50": ("for the typical truck", "pour le camion médian"), "p90": ("for a slow truck", "pour un camion lent")}.get(effect.plan.statistic, ("", ""))[0 if lang == "en" else 1]
    checks = {"document_checks": ("in document checks per visit", "des contrôles documentaires par visite")}.get(effect.plan.measure, ("", ""))[0 if lang == "en" else 1]
    said = (lead[:1].lower() + lead[1:]) or other or checks
    return f" {said}" if said else ""


def _evidence(effect: Effect, lang: str) -> str:
    word, verdict = VERDICT_WORDS[lang][effect.verdict.code], effect.verdict
    why = _listed(tuple(reason(each, effect, lang) for each in verdict.reasons), lang)
    but = _listed(tuple(reason(each, effect, lang) for each in verdict.limits), lang)
    if lang == "en":
        return f"Evidence: **{word}**, because {why}{f'; but {but}' if but else ''}."
    return f"Niveau de preuve : **{word}**, car {why}{f' ; mais {but}' if but else ''}."


def _erased(effect: Effect, lang: str) -> str:
    if not effect.erased_by_percent:
        return ""
    size = percent(effect.erased_by_percent, lang)
    return f"It would take an unrelated {size} change on the same day to erase it." if lang == "en" else f"Il faudrait un changement sans rapport de {size} le même jour pour l’effacer."


def _uncovered(effect: Effect, lang: str) -> str:
    if not effect.plan.measure.endswith("_min"):
        return ""
    other = {"en": {"gate": "another gate", "lane": "another lane", "terminal": "another terminal"}, "fr": {"gate": "une autre porte", "lane": "une autre voie", "terminal": "un autre terminal"}}[lang]
    where = other.get(effect.plan.unit_kind)
    if where is None:
        return ""
    return f"Not covered: trucks that chose {where}." if lang == "en" else f"Non couvert : les camions qui ont choisi {where}."


def _none(effect: Effect, lang: str) -> tuple[str, ...]:
    who = _units(effect.pilots, effect.plan.unit_kind, lang)
    unit = " minutes" if effect.plan.measure.endswith("_min") else ""
    size = _counted(largest_unseen(effect), unit, lang)
    why, topic = _listed(tuple(reason(each, effect, lang) for each in effect.verdict.reasons), lang), _topic(effect, lang)
    if effect.verdict.reasons[0].code == "below_this_look":
        at, on = _at(effect.pilots, effect.plan.unit_kind), day(effect.verdict_on, lang)
        if lang == "en":
            return f"No detectable change{topic} {_OF_EN.get(effect.plan.unit_kind, 'at')} {who} at the verdict of {on}: no change larger than {size}; smaller ones could not be seen.", f"All the data so far give a range of {span(effect.change, unit, lang)}: {why}."
        return f"Aucun changement décelable{topic} {at} au verdict du {on} : pas de changement de plus de {size} ; de plus petits ne pouvaient pas se voir.", f"Toutes les données donnent à ce jour {span(effect.change, unit, lang)} : {why}."
    if lang == "en":
        return f"No detectable change{topic} {_OF_EN.get(effect.plan.unit_kind, 'at')} {who}: no change larger than {size}; smaller ones cannot be seen.", f"The data agree with {span(effect.change, unit, lang)}, because {why}."
    who = _at(effect.pilots, effect.plan.unit_kind)
    return f"Aucun changement décelable{topic} {who} : pas de changement de plus de {size} ; de plus petits ne se voient pas.", f"Reste possible : {span(effect.change, unit, lang)}, car {why}."


def _not_yet(effect: Effect, lang: str) -> tuple[str, ...]:
    why = _listed(tuple(reason(each, effect, lang) for each in effect.verdict.reasons), lang)
    days, around, topic = effect.days_after, effect.seen_around, _topic(effect, lang)
    waits = around is not None and isinstance(effect.last, dt.date) and around > effect.last
    s = "" if days == 1 else "s"
    older = (OLDER_LOGS[lang],) if any(each.code == "short_before" for each in effect.verdict.reasons) else ()
    if lang == "en":
        made = (f"Not yet measurable{topic}{f': {days} day{s} after the start' if days is not None else ''}, because {why}.", *older)
        return (*made, f"At today's noise a change of 10 % would be visible around {day(around, lang)}.") if waits else made
    made = (f"Pas encore mesurable{topic}{f' : {days} jour{s} après le début' if days is not None else ''}, car {why}.", *older)
    return (*made, f"Au bruit actuel, un changement de 10 % serait visible vers le {day(around, lang)}.") if waits else made


def _units(names: tuple[str, ...], kind: str, lang: str) -> str:
    one, many = _KINDS[lang].get(kind, _KINDS[lang]["unit"])
    if len(names) > 6:
        return f"{len(names)} {many.removeprefix('les ')}"
    return f"{one if len(names) == 1 else many} {_listed(names, lang)}"


def _at(names: tuple[str, ...], kind: str) -> str:
    one, many = _AT.get(kind, _AT["unit"])
    if len(names) > 6:
        return f"de {len(names)} {_KINDS['fr'].get(kind, _KINDS['fr']['unit'])[1].removeprefix('les ')}"
    return f"{one if len(names) == 1 else many} {_listed(names, 'fr')}"


def _listed(parts: tuple[str, ...], lang: str) -> str:
    parts = tuple(str(part) for part in parts)
    last = " and " if lang == "en" else " et "
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + last + parts[-1] if parts else ""


def _some(parts: tuple, lang: str) -> str:
    """Return the first few of many names, and how many more there are."""
    if len(parts) <= _NAMED + 1:
        return _listed(parts, lang)
    rest = len(parts) - _NAMED
    return _listed((*parts[:_NAMED], f"{rest} others" if lang == "en" else f"{rest} autres"), lang)
