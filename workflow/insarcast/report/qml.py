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
