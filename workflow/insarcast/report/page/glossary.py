"""Words of the field that the page uses, for readers who own the ground and not the method."""

from __future__ import annotations

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Acquisition", "One passage of the satellite over the area; its date is a date of this report."),
    (
        "As of",
        "The last date that a result may know. A forecast from a date is made from what was measured up to that date only; where the evaluation is "
        "retrospective, the product that holds these values has seen later dates.",
    ),
    ("Baseline, perpendicular", "Distance in m between two positions of the satellite, across its line of sight."),
    ("Cluster", "Pixels whose displacement runs alike; the first one moves away fastest."),
    ("Coherence", "How alike two acquisitions are, 0 to 1; low where ground or plants changed, and then the phase is noise."),
    ("Coverage", "Share of later observations that an interval held. A 90 % interval should hold 90 %."),
    (
        "CRPS",
        "Continuous ranked probability score in mm: the error of the whole forecast distribution; of a forecast without spread it is the MAE.",
    ),
    ("Diebold-Mariano test", "Whether two forecasts differ in error by more than chance, date by date."),
    (
        "Displacement",
        "How far the ground has moved along the line of sight since the reference date, against the reference point, in mm.",
    ),
    ("Half-width", "Half of an interval: the expected value plus or minus it."),
    ("Interferogram", "The difference of two acquisitions: how the distance to the satellite changed between their dates."),
    (
        "Line of sight",
        "The direction from the ground to the satellite. It is slanted, so a number along it is not a vertical one.",
    ),
    (
        "Loop closure",
        "What is left when three interferograms go round three dates; beyond \N{GREEK SMALL LETTER PI} one of them was unwrapped wrongly.",
    ),
    ("Mask", "The pixels that are used; the others are measured but too noisy, or were never measured."),
    (
        "MAE, RMSE, bias",
        "Mean absolute error, root of the mean squared error, and mean error of forecast minus observation, in mm.",
    ),
    (
        "Moran's I, LISA",
        "Whether neighbours are alike: 0 as by chance, 1 when they are equal; LISA says where.",
    ),
    ("Noise floor", "What two measurements of the same thing differ by; no forecast can be shown to err by less."),
    ("Persistence", "The forecast “nothing changes”: the last observed map. Every table starts with it."),
    (
        "PIT",
        "Probability integral transform: at which quantile of its forecast each outcome fell; spread evenly where the forecast is right.",
    ),
    ("Reference", "Place and date whose displacement is set to zero; everything else is measured against them."),
    (
        "Release join",
        "Where a series goes on with a newer version of the product; its level may jump there by what nobody measured.",
    ),
    (
        "Retrospective",
        "Tried on the past with a product that was made later; what the product knew of the future then cannot be taken out.",
    ),
    ("Skill", "One minus a model's mean error over that of “nothing changes”: 1 is perfect, 0 no better, below 0 worse."),
    (
        "Structural similarity, SSIM, MS-SSIM",
        "How alike two maps look in level, contrast and pattern, 1 at best; MS-SSIM looks at several scales.",
    ),
    ("Temporal coherence", "How well one series of displacement explains all interferograms of a pixel, 0 to 1."),
    ("Tile, seam", "A part of the scene that a model of grids is trained on, and the line along which two such parts meet."),
    ("Truth", "What a simulated scene was made from; of a real place only observations are known."),
    ("Unwrapping", "Counting whole turns of the phase; a wrong count moves a pixel by half a wavelength."),
    (
        "Velocity",
        "Slope of a straight line through the displacement, in mm/yr; its sigma is the standard deviation of that slope.",
    ),
)
