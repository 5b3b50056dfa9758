# SPDX-License-Identifier: MIT
"""Results as text: for the terminal and, with the same rows, as Markdown."""
from __future__ import annotations

from .contenders import AUTO, FLOORS, OURS, PEER_CONTENDERS
from .goals import GOALS
from .results import Results, Spread
from .rows import Row

Cells = list[list[str]]

BUILT_IN = (*OURS, AUTO, *FLOORS, *PEER_CONTENDERS)


def number(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def spread_text(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)}–{number(spread.high)})"


def floor_of(contender: str) -> str:
    return "floor/io_uring" if contender.endswith("/io_uring") else "floor/epoll"


def row_cells(row: Row, results: Results, contenders: list[str]) -> Cells:
    """A line for each contender, and a column for each metric and for what it is over the floor of its engine, over nginx, and over whoever
    was named on the command line."""
    main = next(iter(row.units))
    others = {"floor": floor_of, "nginx": lambda _: "nginx", **{name: lambda _, name=name: name for name in contenders if name not in BUILT_IN}}
    others = {name: other for name, other in others.items() if any(results.median(row.name, other(c), main) for c in contenders)}
    cells = [[row.title, *row.units.values(), *(f"× {name}" for name in others)]]
    for contender in contenders:
        if note := results.notes.get((row.name, contender)):
            cells.append([contender, note])
        elif results.median(row.name, contender, main) is not None:
            ratios = (results.ratio(row.name, main, contender, other(contender)) for other in others.values())
            cells.append([contender, *(spread_text(results.spread(row.name, contender, metric)) for metric in row.units),
                          *(f"{ratio.median:.2f}" if ratio else "–" for ratio in ratios)])
    return cells


# (row, metric, heading): the few figures that say most.
SUMMARY = [
    ("t4-c100", "cpu_us", "CPU µs/request"),
    ("t4-c100", "per_second", "requests/s"),
    ("t2-c100", "cpu_us", "CPU µs/request, -t2"),
    ("t2-c100", "p99_us", "p99 µs, -t2"),
    ("pipelined", "cpu_us", "CPU µs/request, 16 pipelined"),
    ("close", "cpu_us", "CPU µs/request, Connection: close"),
    ("idle-memory", "connection_bytes", "B per idle connection"),
    ("start", "start_ms", "start to first answer, ms"),
]


def summary_cells(results: Results) -> Cells:
    """A line for each contender that has all that most have; empty unless the rows of SUMMARY were measured."""
    if any(not results.contenders(row) for row, _, _ in SUMMARY):
        return []
    cells = [["wrk -t4 -c100, unless said otherwise", *(heading for _, _, heading in SUMMARY)]]
    for contender in results.contenders(SUMMARY[0][0]):
        medians = [results.median(row, contender, metric) for row, metric, _ in SUMMARY]
        cells.append([contender, *("–" if value is None else number(value) for value in medians)])
    return cells


def goal_cells(results: Results) -> Cells:
    """With what the floor of the engine reaches, so that it can be seen how much of a miss is ours."""
    engines = [contender.split("/")[1] for contender in OURS]
    cells = [["to reach", *(column for engine in engines for column in (engine, "floor", "limit", ""))]]
    for goal in GOALS:
        line = [goal.title]
        for engine in engines:
            value, floor = (goal.measure(results, who, engine) for who in ("tinyhttpd", "floor"))
            sign = "≥" if goal.at_least else "≤"
            mark = "–" if value is None else "pass" if goal.is_reached(engine, value) else "MISS"
            line += [*("–" if figure is None else number(figure) for figure in (value, floor)), f"{sign} {number(goal.limit(engine))}", mark]
        cells.append(line)
    return cells


def text(cells: Cells) -> str:
    """Columns aligned; a line shorter than the first is a note, which may be longer than its column."""
    columns = len(cells[0])
    whole = [line for line in cells if len(line) == columns]
    widths = [max(len(line[column]) for line in whole) for column in range(columns)]
    widths[0] = max(len(line[0]) for line in cells)
    lines = []
    for line in cells:
        first = line[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])] if len(line) == columns else line[1:]
        lines.append("  ".join([first, *rest]).rstrip())
    lines.insert(1, "-" * max(map(len, lines[:1])))
    return "\n".join(lines)


def markdown(cells: Cells) -> str:
    columns = len(cells[0])
    lines = ["| " + " | ".join([*line, *[""] * (columns - len(line))]) + " |" for line in cells]
    lines.insert(1, "|" + "---|" + "--:|" * (columns - 1))
    return "\n".join(lines)
