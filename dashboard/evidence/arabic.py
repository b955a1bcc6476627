"""The sentences of an Effect in Arabic: its word order and its counted nouns are its own, so they stand here and not beside the English and French of words.py.

Reasons are nominal clauses, because they follow «لأن» as well as stand alone. Numbers are Latin digits; a noun after a number has the form that number asks for.
"""

from __future__ import annotations

import datetime as dt

from dashboard.evidence.effect import Effect, Range
from dashboard.evidence.figures import PERCENT, day, drift, largest_unseen, number, outward, percent, step
from dashboard.evidence.verdict import Reason

AR = "ar"
VERDICT_WORDS = {"strong": "قوي", "moderate": "متوسط", "weak": "ضعيف", "none": "لا تغير يمكن رصده", "not_yet": "لا يمكن قياسه بعد"}
# kind -> (one, two, several), after a preposition.
_KINDS: dict[str, tuple[str, str, str]] = {
    "gate": ("الباب", "البابين", "الأبواب"), "lane": ("المسلك", "المسلكين", "المسالك"), "terminal": ("المحطة", "المحطتين", "المحطات"),
    "carrier": ("الناقل", "الناقلين", "الناقلين"), "unit": ("الوحدة", "الوحدتين", "الوحدات"),
}  # fmt: skip
_AT = {"gate": "عند", "lane": "عند", "terminal": "في", "carrier": "لدى", "unit": "لدى"}
_ELSEWHERE = {"gate": "بابا آخر", "lane": "مسلكا آخر", "terminal": "محطة أخرى"}
_LEADS: dict[str, str] = {
    "queue_min": "في الطابور أمام الباب", "weigh_empty_min": "عند الوزن فارغا", "terminal_min": "في المحطة", "scan_min": "عند الماسح الضوئي",
    "physical_inspection_min": "عند المعاينة المادية", "phytosanitary_inspection_min": "عند المراقبة الصحية النباتية", "weigh_full_min": "عند الوزن محمّلا",
    "exit_check_min": "عند مراقبة الخروج الجمركية", "port_gate_out_min": "عند الخروج من الميناء", "travel_min": "بين نقاط الخدمة",
}  # fmt: skip
# statistic -> who took the time
_WHICH = {"mean": "استغرقت الشاحنات", "p50": "استغرقت الشاحنة الوسيطة", "p90": "استغرقت الشاحنة البطيئة (واحدة من كل عشر أبطأ منها)"}
_TOPICS = {"p50": "للشاحنة الوسيطة", "p90": "للشاحنة البطيئة"}
_MINUTES, _DAYS = ("دقيقة واحدة", "دقيقتين", "دقائق", "دقيقة", "دقيقة"), ("يوم واحد", "يومين", "أيام", "يوما", "يوم")
_NAMED = 4  # places said by name; of more, the rest is counted
_SHARES = frozenset({"share", "most", "half", "points"})
REASONS: dict[str, str] = {
    "no_comparison": "وحدات المقارنة منعدمة",
    "short_before": "عدد الأيام المقيسة قبل البداية {days} والمطلوب {least}",
    "short_after": "عدد الأيام المقيسة منذ البداية {days} والمطلوب {least}",
    "few_visits": "عدد الزيارات على أحد الجانبين {visits} والمطلوب {least}",
    "missing_exits": "حصة حالات الخروج الناقصة على أحد الجانبين {share} والمقبول {most} على الأكثر",
    "few_carriers": "عدد الناقلين المشاركين {units}، منهم {side} على الجانب الأقل، والمطلوب {least}، منهم {least_side} على كل جانب",
    "carriers_mean_only": "المتوسط وحده يُقاس حين تكون الوحدات ناقلين",
    "carriers_one_start": "القياس غير ممكن لناقلين يبدؤون في تواريخ مختلفة",
    "no_noise": "الوحدات والفترات أقل من أن تسمح بالتمييز بين التغير والصدفة",
    "too_noisy": "المجال سيبلغ {half} في كل اتجاه وأقصى ما يُعرض {most}",
    "lacked_at_look": "القياسات كانت قليلة جدا عند آخر يوم حكم",
    "within_noise": "الفارق يبقى ضمن ما تُظهره هذه الوحدات دون أي مشروع تجريبي",
    "below_this_look": "الصفر خارج المجال لكن النظر قبل النهاية يتطلب أكثر",
    "beyond_noise": "التغير يتجاوز التقلبات اليومية",
    "each_left_out": "التغير يبقى عند حذف أي وحدة من الوحدات وعددها {units}",
    "no_drift_seen": "الفترة السابقة للبداية لم يُلاحظ فيها انجراف (وقد يفوت ما دون {missed} في كل 100 يوم)",
    "beyond_trial_dates": "التغير يتجاوز {n} من أصل {of} من التواريخ الاختبارية قبل البداية",
    "survives_slow_noise": "التغير يصمد أمام الانجراف البطيء",
    "slow_noise": "الانجراف البطيء قد يفسره",
    "drift_unknown": "الفترة السابقة للبداية أقصر من أن تسمح بالبحث عن انجراف",
    "no_trial_dates": "الفترة السابقة للبداية أقصر من أن تسمح بتواريخ اختبارية",
    "trial_dates_as_large": "التواريخ الاختبارية قبل البداية تُظهر القدر نفسه أو ما يقاربه في {n} من أصل {of}",
    "shared_points": "المشروع التجريبي والمقارنة يتقاسمان {places}، فما يخفف عن جانب يشعر به الآخر",
    "drift": "الفارق كان يتحرك أصلا قبل البداية بمقدار {per_100} في كل 100 يوم",
    "one_carries": "التغير قائم على وحدة واحدة",
    "two_units": "عدد الوحدات لا يتجاوز اثنتين",
    "missing_exits_many": "حصة حالات الخروج الناقصة على أحد الجانبين {share}",
    "missing_exits_differ": "حصة حالات الخروج الناقصة تختلف بين الجانبين بمقدار {points}",
    "excluded_after_look": "بعض الزيارات استُبعدت بعد نظر أول في النتيجة",
    "filtered": "المرشحات المختارة في الصفحة لا ترد في الخطة",
    "plan_not_locked": "الخطة لم تُقفل قبل اليوم {least}",
    "plan_locked_late": "الخطة أُقفلت في اليوم {days} بعد البداية والحد هو اليوم {least}",
    "plan_changed": "الخطة المقفلة عُدّلت بعد ذلك",
    "not_among_groups": "التغير لا يبرز من بين المجموعات المفحوصة معا وعددها {groups}",
}  # fmt: skip
REFUSALS: dict[str, str] = {
    "no_arms": "لا مشروع تجريبي معلنا في هذا الميناء: جدول المجموعات فارغ.",
    "mixed_kinds": "يجب أن تكون وحدات المشروع التجريبي من نوع واحد ({known})؛ والموجود: {kinds}.",
    "arms_overlap": "الوحدة «{unit}» مذكورة مرتين: يجب ألا تتداخل المجموعات.",
    "no_pilot": "لا وحدة ضمن المشروع التجريبي: لا شيء يُقارن.",
    "start_outside": "بداية «{unit}»، {start}، تقع خارج الأيام المقيسة بعد اليوم الأول: من {first} إلى {last}.",
    "start_ahead": "يبدأ المشروع التجريبي يوم {start}؛ ولا شيء يمكن قياسه بعد.",
    "no_days": "لم يكتمل أي يوم بعد: قد تدوم الزيارة 72 ساعة، ولا يُحتسب يومها إلا بعد ذلك.",
    "carriers_whole": "حين تكون الوحدات ناقلين لا تُقاس إلا الزيارات الكاملة مجتمعة.",
    "comparison_filtered_out": "تستبعد المرشحات كل وحدات المقارنة: أزيلوها لعرض أثر المشروع التجريبي.",
    "pilot_filtered_out": "تستبعد المرشحات كل وحدات المشروع التجريبي: أزيلوها لعرض أثره.",
    "no_visits": "لا تبقى أي زيارة لوحدات المشروع التجريبي مع هذه المرشحات.",
}  # fmt: skip
EXCLUSIONS: dict[str, str] = {
    "days_not_over": "أيام أخيرة قد تكون زياراتها ما زالت جارية (72 ساعة): {n}",
    "missing_exit": "زيارات بلا خروج: {n}",
    "still_inside": "زيارات ما زالت جارية: {n}",
    "uncertain_time": "زيارات وقت دخولها أو خروجها غير مؤكد: {n}",
    "view_core": "زيارات تخللتها معاينة أو حدث أو إغلاق (الرؤية المختارة): {n}",
    "one_sided_mix": "زيارات في ساعة وصنف بضاعة لم يُسجَّلا إلا على جانب واحد من البداية: {n}",
    "unmeasured_days": "أيام لم تكن فيها لوحدة ما أي زيارة: {n}",
    "unfinished_weeks": "أيام من أسبوع غير مكتمل في أحد الطرفين: {n}",
    "one_sided_units": "وحدات بلا زيارات قبل البداية أو بعدها: {n}",
}  # fmt: skip
OLDER_LOGS = "الانتظار لا يضيف أياما قبل البداية: يجب تحميل سجلات أقدم."
NO_VALUE: dict[str, str] = {
    "value_needs_verdict": "لا تُعطى أي قيمة: يتطلب ذلك مستوى أدلة قويا أو متوسطا.",
    "value_needs_mean": "لا تُعطى أي قيمة: لا تُستخلص ساعات الشاحنات إلا من متوسط دقائق الزيارة.",
}  # fmt: skip
DIFFERENCES: dict[str, str] = {
    "plan_altered": "سطر الخطة نفسه عُدّل ولم تعد بصمته مطابقة",
    "several_plans": "عدد الخطط المدرجة {n} والعبرة بأول خطة أُقفلت",
    "unit_gone": "{unit}: شاركت من قبل ولم تعد مشاركة",
    "unit_new": "{unit}: تشارك دون أن ترد في الخطة",
    "arm_moved": "{unit}: كانت مقررة ضمن {was} وصارت ضمن {now}",
    "start_moved": "{unit}: كانت بدايتها مقررة يوم {was} وصارت يوم {now}",
}  # fmt: skip
_ARMS = {"pilot": "المشروع التجريبي", "comparison": "المقارنة"}


def sentences(effect: Effect) -> tuple[str, ...]:
    """Return what may be said, sentence by sentence, as words.sentences does."""
    made = _not_yet(effect) if effect.verdict.code == "not_yet" else _none(effect) if effect.verdict.code == "none" else _found(effect)
    if effect.is_provisional and effect.next_verdict_on is not None and not any(each.code == "no_comparison" for each in effect.verdict.reasons):
        on = day(effect.next_verdict_on, AR)
        return (*made, f"يوم الحكم المقبل: {on}." if effect.verdict.code == "not_yet" else f"مؤقت؛ والحكم المقبل يوم {on}.")
    return made


def reason(each: Reason, effect: Effect) -> str:
    values = {}
    for name, value in each.values.items():
        if name in ("per_100", "missed"):
            values[name] = drift(float(value), effect, AR)
        elif isinstance(value, tuple):
            values[name] = _some(value)
        else:
            values[name] = percent(float(value) * 100, AR) if name in _SHARES else number(value, AR)
    return REASONS[each.code].format(**values)


def refusal(each: Reason) -> str:
    values = {name: "، ".join(map(str, value)) if isinstance(value, tuple) else f"\u2068{value}\u2069" if name == "unit" else day(value, AR) for name, value in each.values.items()}
    return REFUSALS[each.code].format(**values)


def excluded(code: str, n: int) -> str:
    return EXCLUSIONS[code].format(n=number(n, AR))


def difference(code: str, values: dict[str, object]) -> str:
    """Return one thing that is not as the plan was locked."""
    return DIFFERENCES[code].format(**{name: day(value, AR) if isinstance(value, dt.date) else _ARMS.get(value, value) if name in ("was", "now") else value for name, value in values.items()})


def days(n: int) -> str:
    """Return so many days after the preposition «بـ»: «بيومين», «بـ 14 يوما»."""
    return f"ب{_counted(n, _DAYS)}" if n in (1, 2) else f"بـ {_counted(n, _DAYS)}"


def span(given: Range, unit: str) -> str:
    low, high = outward(given, bool(unit))
    if high <= 0:
        return f"من {number(abs(high), AR)} إلى {_range_end(abs(low), unit)} أقل"
    if low >= 0:
        return f"من {number(low, AR)} إلى {_range_end(high, unit)} أكثر"
    return f"ما بين {_sized(-low, unit)} أقل و{_sized(high, unit)} أكثر"


def reach(given: Range, unit: str) -> str:
    low, high = outward(given, bool(unit))
    if high <= 0 or low >= 0:
        near, far = sorted((abs(low), abs(high)))
        return f"{_sized(near, unit)} على الأقل و{_sized(far, unit)} على الأكثر ({'أقل' if high <= 0 else 'أكثر'})"
    return f"{_sized(-low, unit)} أقل على الأكثر، {_sized(high, unit)} أكثر على الأكثر"


def _counted(n: float, forms: tuple[str, str, str, str, str]) -> str:
    """Return a number with its noun: one and two are the noun alone; then by the last two digits; broken numbers take the singular."""
    if n in (1, 2):
        return forms[int(n) - 1]
    last = int(n) % 100 if n == int(n) else 0
    return f"{number(n, AR)} {forms[2] if 3 <= last <= 10 else forms[3] if last >= 11 else forms[4]}"


def _sized(size: float, unit: str) -> str:
    """Return a size with the unit that words.span knows in English: ' minutes', ' min', '%' or none."""
    if unit == " minutes":
        return _counted(size, _MINUTES)
    return f"{number(size, AR)}{PERCENT[AR]}" if unit.strip() == "%" else f"{number(size, AR)}{' د' if unit == ' min' else unit}"


def _range_end(size: float, unit: str) -> str:
    """The upper end of 'from … to …' keeps its digits, also where it is one or two."""
    return f"{number(size, AR)} {_MINUTES[3]}" if unit == " minutes" and size in (1, 2) else _sized(size, unit)


def _found(effect: Effect) -> tuple[str, ...]:
    is_minutes = effect.plan.measure.endswith("_min")
    digits = 0 if step(max(abs(effect.change.low), abs(effect.change.high)), True) == 1 else 1
    best = f"{number(round(abs(effect.change.best), digits), AR)} د" if is_minutes else number(abs(effect.change.best), AR)
    best = f"أفضل تقدير: {best}، أي {percent(abs(effect.percent.best), AR)}"
    change, at = f"**{span(effect.change, ' minutes' if is_minutes else '')}**", _at(effect.pilots, effect.plan.unit_kind)
    against = f"مقارنة ب{_units(effect.comparisons, effect.plan.unit_kind)}" if effect.comparisons else "مقارنة بالوحدات التي تبدأ لاحقا"
    when = f"من {day(effect.start, AR)} إلى {day(effect.last, AR)}"
    if is_minutes:
        lead = f"{_LEADS[effect.plan.measure]}، " if effect.plan.measure in _LEADS else ""
        first = f"{lead}{_WHICH.get(effect.plan.statistic, _WHICH['mean'])} {at} {change} ({best}) مما كانت ستستغرقه دون المشروع التجريبي، {against}، {when}."
    else:
        name = {"document_checks": "عدد مراقبات الوثائق في كل زيارة"}.get(effect.plan.measure, effect.plan.measure)
        first = f"{name} {at}: {change} ({best}) مما كان سيكون عليه دون المشروع التجريبي، {against}، {when}."
    return tuple(part for part in (first, _evidence(effect), _erased(effect), _uncovered(effect)) if part)


def _evidence(effect: Effect) -> str:
    why, but = (_reasons(each, effect) for each in (effect.verdict.reasons, effect.verdict.limits))
    return f"مستوى الأدلة: **{VERDICT_WORDS[effect.verdict.code]}**، لأن {why}{f'؛ غير أن {but}' if but else ''}."


def _erased(effect: Effect) -> str:
    if not effect.erased_by_percent:
        return ""
    return f"تغير لا صلة له بالمشروع قدره {percent(effect.erased_by_percent, AR)} في اليوم نفسه كفيل بمحو هذه النتيجة."


def _uncovered(effect: Effect) -> str:
    where = _ELSEWHERE.get(effect.plan.unit_kind) if effect.plan.measure.endswith("_min") else None
    return f"غير مشمول: الشاحنات التي اختارت {where}." if where else ""


def _none(effect: Effect) -> tuple[str, ...]:
    unit = " minutes" if effect.plan.measure.endswith("_min") else ""
    size, why, topic = _sized(largest_unseen(effect), unit), _reasons(effect.verdict.reasons, effect), _topic(effect)
    at, given = _at(effect.pilots, effect.plan.unit_kind), span(effect.change, unit)
    if effect.verdict.reasons[0].code == "below_this_look":
        return f"لا تغير يمكن رصده{topic} {at} في حكم {day(effect.verdict_on, AR)}: لا تغير يتجاوز {size}؛ ولم يكن ممكنا أن يُرى ما هو أصغر.", f"تعطي كل البيانات إلى الآن {given}: {why}."
    return f"لا تغير يمكن رصده{topic} {at}: لا تغير يتجاوز {size}؛ وما هو أصغر لا يُرى.", f"تتوافق البيانات مع {given}، لأن {why}."


def _not_yet(effect: Effect) -> tuple[str, ...]:
    why, around = _reasons(effect.verdict.reasons, effect), effect.seen_around
    since = "" if effect.days_after is None else "، يوم البداية نفسه" if effect.days_after == 0 else f"، بعد البداية {days(effect.days_after)}"
    made = (f"لا يمكن قياسه بعد{_topic(effect)}{since}، لأن {why}.",)
    if any(each.code == "short_before" for each in effect.verdict.reasons):
        made = (*made, OLDER_LOGS)
    if around is None or not isinstance(effect.last, dt.date) or around <= effect.last:
        return made
    return (*made, f"بتقلبات اليوم، يصير تغير بنسبة {percent(10, AR)} مرئيا حوالي {day(around, AR)}.")


def _topic(effect: Effect) -> str:
    """What a verdict without a finding is about, where that is not the average visit."""
    checks = "في مراقبات الوثائق لكل زيارة" if effect.plan.measure == "document_checks" else ""
    said = _LEADS.get(effect.plan.measure) or _TOPICS.get(effect.plan.statistic) or checks
    return f" {said}" if said else ""


def _units(names: tuple[str, ...], kind: str) -> str:
    one, two, several = _KINDS.get(kind, _KINDS["unit"])
    if len(names) > 6:
        return f"ـ {len(names)} من {several}"
    return f"{one if len(names) == 1 else two if len(names) == 2 else several} {_listed(names)}"


def _at(names: tuple[str, ...], kind: str) -> str:
    return f"{_AT.get(kind, _AT['unit'])} {_units(names, kind).removeprefix('ـ ')}"


def _reasons(given: tuple[Reason, ...], effect: Effect) -> str:
    return "، و".join(reason(each, effect) for each in given)


def _listed(parts: tuple[str, ...]) -> str:
    return " و".join(str(part) for part in parts)


def _some(parts: tuple) -> str:
    """Return the first few of many names, and how many more there are."""
    if len(parts) <= _NAMED + 1:
        return _listed(parts)
    return f"{_listed(parts[:_NAMED])} وغيرها ({len(parts) - _NAMED})"
