"""The course of a training as a picture: both networks, both axes, nothing where there is nothing."""

from xml.etree import ElementTree

from registry.charts import Course, training_curve

SVG = "{http://www.w3.org/2000/svg}"


def test_lines_run_from_left_to_right_and_down_as_values_fall() -> None:
    courses = [
        Course("this <model>", "m0", (1, 2, 3), (2.0, 1.0, 0.5)),
        Course("dense", "m1", (1, 2, 3), (2.5, 1.5, 1.0)),
    ]
    picture = training_curve("Loss", courses, place="epoch", unit="nats")
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own picture
    lines = [
        [tuple(map(float, pair.split(","))) for pair in line.get("points", "").split()]
        for line in root.iter("polyline")
    ]
    assert len(lines) == 2
    for points in lines:
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        assert [y for _, y in points] == sorted(y for _, y in points)  # pixels grow downwards
    assert "this &lt;model&gt;" in picture
    assert "from 2.000 to 0.500 nats" in picture


def test_a_logarithmic_axis_has_equal_steps() -> None:
    picture = training_curve(
        "NLL", [Course("a", "m0", (1.0, 0.1, 0.01), (1, 2, 3))], place="penalty", unit="nats", logarithmic=True
    )
    (line,) = ElementTree.fromstring(picture).iter("polyline")  # noqa: S314
    x = [float(pair.partition(",")[0]) for pair in line.get("points", "").split()]
    assert abs((x[0] - x[1]) - (x[1] - x[2])) < 0.2
    assert ">0.1<" in picture


def test_nothing_to_draw_is_no_picture() -> None:
    assert training_curve("Loss", [Course("a", "m0", (), ())], place="epoch", unit="nats") == ""
