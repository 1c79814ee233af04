from xml.etree import ElementTree as ET

from data_jobs.bench.scale.curves import curves, panels_of

SVG = "{http://www.w3.org/2000/svg}"
SIZES = [
    {
        "films": films,
        "cpu_ms": {"50 ratings": 4.0 * step, "similar <k>": None if step == 1 else 2.0},
        "cpu": {"write": 0.0},
        "memory_mb": 200.0 * step,
        "bundle_mb": 60.0,
    }
    for step, films in ((1, 10_000), (2, 62_000), (3, 1_000_000))
]


def test_missing_figures_and_zeros_are_not_points():
    requests, build, size = panels_of(SIZES)
    assert requests.curves["50 ratings"] == [(10_000, 4.0), (62_000, 8.0), (1_000_000, 12.0)]
    assert requests.curves["similar <k>"] == [(62_000, 2.0), (1_000_000, 2.0)]
    assert build.curves == {"write": []}
    assert size.curves["bundle"] == [(films, 60.0) for films in (10_000, 62_000, 1_000_000)]


def test_the_svg_is_well_formed_and_all_points_are_inside():
    root = ET.fromstring(curves({"sizes": SIZES}))
    width, height = float(root.get("width")), float(root.get("height"))
    dots = list(root.iter(f"{SVG}circle"))
    assert len(dots) == 3 + 2 + 3 + 3
    assert all(0 < float(dot.get("cx")) < width and 0 < float(dot.get("cy")) < height for dot in dots)
    first, last = (float(dots[place].get("cy")) for place in (0, 2))
    assert last < first, "larger values are higher"
    assert any("similar <k>" in (text.text or "") for text in root.iter(f"{SVG}text"))


def test_a_single_size_is_drawn():
    assert "<circle" in curves({"sizes": SIZES[:1]})
