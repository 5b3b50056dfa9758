# SPDX-License-Identifier: MIT
"""The charts in the README, from a CSV of the bench: `chart.py CSV SVG`. Drawn by matplotlib, and run by whichever Python has it."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import matplotlib  # noqa: E402

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import LogLocator  # noqa: E402

from harness.contenders import FLOORS, OURS, PEERS  # noqa: E402
from harness.results import Results  # noqa: E402

BARS = [
    ("t4-c100", "cpu_us", "CPU µs per request\nwrk -t4 -c100"),
    ("pipelined", "cpu_us", "CPU µs per request\n16 pipelined, 64 connections"),
    ("close", "cpu_us", "CPU µs per request\nConnection: close"),
    ("idle-memory", "connection_bytes", "bytes per idle connection\n(Pss growth)"),
]
# (rows by what they offer, metric, title, what they offer)
CURVES = [
    ({10_000: "rate-10k", 50_000: "rate-50k", 100_000: "rate-100k"}, "p99_us", "p99 in µs over the load offered\n100 connections",
     "requests per second"),
    ({1: "t1-c1", 16: "t2-c16", 100: "t2-c100", 1000: "t2-c1000"}, "cpu_us",
     "CPU µs per request over connections\nwrk -t2 (-t1 for one)", "connections"),
]
COLOURS = {**{name: "#1f77b4" for name in OURS}, **{name: "#9a9a9a" for name in FLOORS}, **{name: "#d0a060" for name in PEERS}}
CURVE_COLOURS = {**dict(zip(OURS, ("#1f77b4", "#0b3d66"))), **dict(zip(FLOORS, ("#9a9a9a", "#555555"))),
                 **dict(zip(PEERS, ("#2ca02c", "#d62728", "#9467bd", "#e377c2", "#d0a060", "#8c564b", "#bcbd22", "#17becf")))}


def bars(axis, results: Results, row: str, metric: str, title: str) -> None:
    names = [name for name in (*OURS, *FLOORS, *PEERS) if results.median(row, name, metric) is not None][::-1]
    spreads = [results.spread(row, name, metric) for name in names]
    drawn = axis.barh(names, [spread.median for spread in spreads], color=[COLOURS[name] for name in names], height=0.72)
    largest = max((spread.high for spread in spreads), default=1)
    if metric == "cpu_us":
        axis.errorbar([spread.median for spread in spreads], names, fmt="none", ecolor="#333333", elinewidth=0.8, capsize=2,
                      xerr=[[spread.median - spread.low for spread in spreads], [spread.high - spread.median for spread in spreads]])
    for bar, spread in zip(drawn, spreads):
        label = f"{spread.median:,.0f}" if spread.median >= 100 else f"{spread.median:.3g}"
        edge = spread.high if metric == "cpu_us" else spread.median
        axis.text(edge + largest * 0.015, bar.get_y() + bar.get_height() / 2, label, va="center", fontsize=8)
    axis.set_title(title, fontsize=10, loc="left")
    axis.set_xlim(0, largest * 1.18)
    axis.tick_params(axis="y", length=0)


def curves(axis, results: Results, rows: dict[int, str], metric: str, title: str, offered: str) -> None:
    for name in (*OURS, *FLOORS, *PEERS):
        points = [(x, median) for x, row in rows.items() if (median := results.median(row, name, metric)) is not None]
        if points:
            axis.plot(*zip(*points), marker="o", markersize=3, linewidth=1.6 if name in OURS else 1, color=CURVE_COLOURS[name], label=name,
                      linestyle=":" if name in FLOORS else "-")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xticks(list(rows), [f"{x:,}" for x in rows])
    axis.tick_params(axis="x", labelsize=7)
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:,.3g}" if value < 1000 else f"{value:,.0f}")
    axis.minorticks_off()
    axis.set_title(title, fontsize=10, loc="left")
    axis.set_xlabel(offered, fontsize=8)
    if axis.lines:
        axis.legend(fontsize=7, frameon=False, ncols=2)


def draw(results: Results, svg: Path) -> None:
    # Fixed names and no date: the same numbers give the same file.
    plt.rcParams.update({"svg.hashsalt": "tinyhttpd", "svg.fonttype": "path", "font.size": 9, "axes.spines.top": False,
                         "axes.spines.right": False})
    figure, axes = plt.subplots(3, 2, figsize=(9.2, 10.2), layout="constrained")
    for axis, panel in zip(axes.flat, BARS):
        bars(axis, results, *panel)
    for axis, panel in zip(axes[2], CURVES):
        curves(axis, results, *panel)
    figure.suptitle("Less is better. Medians with minimum and maximum of interleaved rounds, one run of ./dev bench", fontsize=9)
    svg.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(svg, metadata={"Date": None})
    # matplotlib ends lines of path data with a blank.
    svg.write_text("\n".join(line.rstrip() for line in svg.read_text().splitlines()) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: chart.py CSV SVG")
    draw(Results.read(Path(sys.argv[1])), Path(sys.argv[2]))
