"""Chart: what ECharts is to draw, what is said of it, and its numbers as a table for who cannot see or hover it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Option = dict[str, Any]

ROW = 30  # pixels of a bar with its space
# Names of the style sheet's variables.
INK, MUTED, LINE = "--ink", "--muted", "--line"
ACCENT, WARM, GREY = "--accent", "--warm", "--grey"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """`name`: of its element. `option`: as ECharts takes it; `narrow`: where there are fewer pixels than NARROW of
    static/report.js. `height`, `narrow_height`: in pixels. `header`, `rows`: its numbers."""

    name: str
    title: str
    description: str
    option: Option
    height: int
    header: Sequence[str]
    rows: Sequence[Sequence[str | int | float | None]]
    narrow: Option | None = None
    narrow_height: int | None = None

    def drawing(self) -> dict[str, Any]:
        """What static/report.js draws."""
        sizes = {"height": self.height, "narrowHeight": self.narrow_height or self.height}
        return {"option": self.option, "narrow": self.narrow, **sizes}


def say_interval(value: float, low: float, high: float) -> str:
    """As a tooltip says it."""
    return f"{value:.4f} ({low:.4f} to {high:.4f})"


def grid(**sides: int | str) -> Option:
    """Room for the drawing within the chart; the axes' labels take theirs out of it."""
    return {"left": 4, "right": 36, "top": 12, "bottom": 4, "containLabel": True, **sides}


def axis(name: str, digits: int = 0, **rest: Any) -> Option:
    """Of numbers along the bottom, with its name below; in a tooltip they have so many digits after the point."""
    said = {"precision": digits, "formatter": name + " {value}"}
    return {
        "type": "value",
        "name": name,
        "nameLocation": "middle",
        "nameGap": 30,
        "axisPointer": {"label": said},
        **rest,
    }


def bars(values: Mapping[str, float], unit: str, said: Sequence[str], colour: str = ACCENT) -> tuple[Option, int]:
    """A bar a name, the first on top, with what is said of each at its end; and the height of all."""
    data = [
        {"value": value, "label": {"formatter": text.replace("{", "")}}
        for value, text in zip(values.values(), said, strict=True)
    ]
    series = {
        "type": "bar",
        "name": unit,
        "data": data,
        "barMaxWidth": 18,
        "itemStyle": {"color": colour, "borderRadius": [0, 3, 3, 0]},
        "label": {"show": True, "position": "right", "color": INK},
    }
    option: Option = {
        "grid": grid(right=8 * max(map(len, said), default=0) + 12, top=4),
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "show": False, "max": "dataMax"},
        "yAxis": category(list(values)),
        "series": [series],
    }
    return option, ROW * len(values) + 8


def category(names: Sequence[str], **rest: Any) -> Option:
    """Names down the side, the first on top. What is long is cut, not wrapped; the table has it whole."""
    label = {"color": INK, "width": 160, "overflow": "truncate"}
    return {
        "type": "category",
        "data": list(names),
        "inverse": True,
        "axisTick": {"show": False},
        "axisLine": {"show": False},
        "axisLabel": label,
        **rest,
    }
