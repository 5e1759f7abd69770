# SPDX-License-Identifier: Apache-2.0
"""Horizontal bars as SVG: one group a measurement, one bar a VMM, a thin line from the median to p90."""

from xml.sax.saxutils import escape

WIDTH, LABELS, BAR, ROW, HEAD, MARGIN = 860, 210, 18, 26, 34, 16
NUMBERS = 70
OURS, THEIRS, TEXT, FAINT = "#c2410c", "#64748b", "#1e293b", "#e2e8f0"


def _text(x, y, words, size=13, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
            f'fill="{TEXT}">{escape(words)}</text>')


def _number(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def draw(title, foot, groups):
    """The picture of a benchmark; a group is {"title": …, "bars": [(name, median, p90)]}."""
    parts, y = [], MARGIN + 18
    parts.append(_text(MARGIN, y, title, 16, weight="bold"))
    y += 8
    room = WIDTH - 2 * MARGIN - LABELS - NUMBERS
    for group in groups:
        y += HEAD
        parts.append(_text(MARGIN, y - 8, group["title"], 13, weight="bold"))
        # A tail far beyond the medians is cut at the edge rather than letting it flatten every bar.
        medians = max(median for _, median, _ in group["bars"])
        top = min(max(p90 for _, _, p90 in group["bars"]), medians * 1.5) or 1
        for name, median, p90 in group["bars"]:
            left = MARGIN + LABELS
            long = room * max(median, 0) / top
            tail = left + room * min(max(p90, median, 0) / top, 1)
            colour = OURS if name == "Apus" else THEIRS
            parts.append(_text(left - 8, y + BAR - 5, name, anchor="end"))
            parts.append(f'<rect x="{left}" y="{y}" width="{room}" height="{BAR}" fill="{FAINT}"/>')
            parts.append(f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{BAR}" fill="{colour}"/>')
            parts.append(f'<line x1="{left + long:.1f}" y1="{y + BAR / 2}" x2="{tail:.1f}" y2="{y + BAR / 2}" '
                         f'stroke="{TEXT}" stroke-width="2"/>')
            parts.append(_text(left + room + 8, y + BAR - 5, _number(median)))
            y += ROW
    y += 22
    parts.append(_text(MARGIN, y, foot, 11))
    height = y + MARGIN
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="Helvetica, Arial, sans-serif">\n'
            f'<!-- SPDX-License-Identifier: Apache-2.0 -->\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
            + "\n".join(parts) + "\n</svg>\n")
