# SPDX-License-Identifier: Apache-2.0
"""From samples to the few numbers that are kept."""

import random
import statistics


def quantile(values, share):
    """The value below which `share` of the values lie, interpolated."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def summarise(values):
    return {
        "samples": len(values),
        "min": round(min(values), 3),
        "median": round(statistics.median(values), 3),
        "p90": round(quantile(values, 0.9), 3),
    }


def paired_difference(ours, theirs):
    """Median of the differences within rounds, with the 95 % interval that resampling the rounds gives."""
    differences = [a - b for a, b in zip(ours, theirs)]
    dice = random.Random(1)
    medians = [statistics.median(dice.choices(differences, k=len(differences))) for _ in range(2000)]
    return {
        "median": round(statistics.median(differences), 3),
        "interval95": [round(quantile(medians, 0.025), 3), round(quantile(medians, 0.975), 3)],
    }


def ratio(ours, theirs):
    """Ratio of the medians."""
    return round(statistics.median(ours) / statistics.median(theirs), 3)
