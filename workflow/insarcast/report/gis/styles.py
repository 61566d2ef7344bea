"""QGIS styles (.qml) with the report's colours, limits and words."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

import numpy as np
from matplotlib.colors import Colormap, to_hex

_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.28.0\" styleCategories=\"Symbology\">\n <pipe>\n"
_TAIL = ' <rasterresampler zoomedOutResampler="" zoomedInResampler=""/>\n </pipe>\n <blendMode>0</blendMode>\n</qgis>\n'


def ramp_style(
    colours: Colormap,
    low: float,
    high: float,
    unit: str,
    *,
    signed: bool,
    steps: int = 21,
    ends: tuple[str, str] = ("away from the satellite (subsidence)", "towards (uplift)"),
) -> str:
    """Style of a continuous band.

    Args:
        colours: colour map over ``low..high``.
        low: lower limit in the band's unit.
        high: upper limit.
        unit: unit, written behind the numbers.
        signed: whether the ends have words.
        steps: stops of the ramp.
        ends: these words: what a negative and a positive value is.
    """
    items = []
    for value in np.linspace(low, high, steps):
        label = f"{0.0 if abs(value) < 1e-9 else value:g} {unit}"
        if signed and value in (low, high):
            label += f" {ends[0] if value == low else ends[1]}"
        colour = to_hex(colours((value - low) / (high - low)))
        items.append(f'     <item value="{value:.6g}" color="{colour}" alpha="255" label={quoteattr(label)}/>\n')
    return (
        f'{_HEAD} <rasterrenderer type="singlebandpseudocolor" band="1" opacity="1" alphaBand="-1" nodataColor="" '
        f'classificationMin="{low:.6g}" classificationMax="{high:.6g}">\n  <rastershader>\n'
        f'   <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" labelPrecision="4" '
        f'minimumValue="{low:.6g}" maximumValue="{high:.6g}">\n'
        f"{''.join(items)}   </colorrampshader>\n  </rastershader>\n </rasterrenderer>\n{_TAIL}"
    )


def palette_style(classes: Mapping[int, tuple[str, str]]) -> str:
    """Style of a band of classes: value -> colour and words."""
    items = [
        f'    <paletteEntry value="{value}" color="{colour}" alpha="255" label={quoteattr(label)}/>\n'
        for value, (colour, label) in classes.items()
    ]
    return (
        f'{_HEAD} <rasterrenderer type="paletted" band="1" opacity="1" alphaBand="-1" nodataColor="">\n  <colorPalette>\n'
        f"{''.join(items)}  </colorPalette>\n </rasterrenderer>\n{_TAIL}"
    )


STEPS = 9


def point_style(
    attribute: str,
    colours: Colormap,
    limit: float,
    unit: str,
    ends: tuple[str, str] = ("away from the satellite (subsidence)", "towards (uplift)"),
) -> str:
    """QGIS style of points: classes of a signed attribute over -limit..limit, the outermost ones open.

    Args:
        attribute: column that is shown.
        colours: colour map over the limits.
        limit: end of the colours in the column's unit.
        unit: unit, written behind the numbers.
        ends: what the ends of the colours are.
    """
    edges = np.linspace(-limit, limit, STEPS + 1)
    ranges, symbols = [], []
    for at in range(STEPS):
        low, high = float(edges[at]), float(edges[at + 1])
        label = f"{low:.3g} to {high:.3g} {unit}"
        label += f" or beyond: {ends[0]}" if at == 0 else f" or beyond: {ends[1]}" if at == STEPS - 1 else ""
        first, last = (-1e6 if at == 0 else low), (1e6 if at == STEPS - 1 else high)
        ranges.append(
            f'   <range lower="{first:.6g}" upper="{last:.6g}" symbol="{at}" label={quoteattr(label)} render="true"/>\n'
        )
        red, green, blue = (round(255 * part) for part in colours((at + 0.5) / STEPS)[:3])
        symbols.append(
            f'   <symbol type="marker" name="{at}" alpha="1" clip_to_extent="1"><layer class="SimpleMarker" enabled="1">'
            f'<Option type="Map"><Option type="QString" name="name" value="circle"/>'
            f'<Option type="QString" name="color" value="{red},{green},{blue},255"/>'
            f'<Option type="QString" name="outline_color" value="28,36,48,255"/><Option type="QString" name="outline_width" value="0.1"/>'
            f'<Option type="QString" name="size" value="2.2"/></Option></layer></symbol>\n'
        )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.28.0\" styleCategories=\"Symbology\">\n"
        f' <renderer-v2 type="graduatedSymbol" attr={quoteattr(attribute)} graduatedMethod="GraduatedColor" enableorderby="0">\n  <ranges>\n'
        f"{''.join(ranges)}  </ranges>\n  <symbols>\n{''.join(symbols)}  </symbols>\n </renderer-v2>\n</qgis>\n"
    )
