# SPDX-License-Identifier: MIT
"""What was measured: kept as single values, shown as medians with minimum and maximum, written to and read from CSV."""
from __future__ import annotations

import csv
import statistics
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("row", "contender", "metric", "round", "value")


@dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float


class Results:
    def __init__(self) -> None:
        self._values: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        self.notes: dict[tuple[str, str], str] = {}  # (row, contender): why there is no value

    def add(self, row: str, contender: str, values: dict[str, float]) -> None:
        for metric, value in values.items():
            self._values[row, contender, metric].append(float(value))

    def spread(self, row: str, contender: str, metric: str) -> Spread | None:
        values = self._values.get((row, contender, metric))
        return Spread(statistics.median(values), min(values), max(values)) if values else None

    def median(self, row: str, contender: str, metric: str) -> float | None:
        spread = self.spread(row, contender, metric)
        return spread.median if spread else None

    def ratio(self, row: str, metric: str, contender: str, other: str) -> Spread | None:
        """Each round's value over the other's of that round, which the same conditions struck."""
        pairs = zip(self._values.get((row, contender, metric), []), self._values.get((row, other, metric), []))
        by_round = [mine / theirs for mine, theirs in pairs if theirs]
        return Spread(statistics.median(by_round), min(by_round), max(by_round)) if by_round else None

    def contenders(self, row: str) -> list[str]:
        return list(dict.fromkeys(contender for name, contender, _ in self._values if name == row))

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", newline="") as file:
            out = csv.writer(file)
            out.writerow(COLUMNS)
            for (row, contender, metric), values in self._values.items():
                out.writerows((row, contender, metric, index + 1, f"{value:.6g}") for index, value in enumerate(values))
            out.writerows((row, contender, "note", 0, note) for (row, contender), note in self.notes.items())

    @staticmethod
    def read(path: Path) -> "Results":
        results = Results()
        with open(path, newline="") as file:
            for line in csv.DictReader(file):
                if line["metric"] == "note":
                    results.notes[line["row"], line["contender"]] = line["value"]
                else:
                    results.add(line["row"], line["contender"], {line["metric"]: float(line["value"])})
        return results
