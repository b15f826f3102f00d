"""A basket, a shuka and a kanga."""

from __future__ import annotations

from sandbox_site.pictures.canvas import Canvas, Point, bowed, leaf


def kiondo() -> Canvas:
    """Draw a sisal basket with leather straps."""
    canvas = Canvas("#f5e9d6")
    canvas.circle((500, 500), 390, "#ecd9bb")
    canvas.ellipse((500, 882), 290, 34, "#00000024")
    for centre, colour in (((500, 440), "#5b3520"), ((500, 470), "#7a4a2b")):
        canvas.arc(centre, 205, 300, (180, 360), colour, 26)
    canvas.ellipse((500, 445), 300, 62, "#5b3a22")
    for row in range(15):
        _row(canvas, row)
    canvas.ellipse((500, 868), 218, 26, "#b0402f")
    for x in (295, 705):
        canvas.box(x - 24, 430, x + 24, 560, "#7a4a2b", 14)
        canvas.circle((x, 465), 7, "#e9d3a4")
        canvas.circle((x, 525), 7, "#e9d3a4")
    return canvas


def _row(canvas: Canvas, row: int) -> None:
    top = 445 + row * 28
    half = 300 - row * 5.5
    colour = {3: "#b0402f", 4: "#b0402f", 10: "#2d4a5e", 11: "#2d4a5e", 14: "#b0402f"}.get(row, "#d8b276")
    band = [*bowed((500, top), half, 62, (0, 180)), *bowed((500, top + 30), half - 5, 62, (180, 0))]
    canvas.polygon(band, colour)
    canvas.polygon(band, "#00000012" if row % 2 else "#ffffff14")
    if row in (6, 7, 8):
        for step in range(-6, 7):
            _stitch(canvas, step, row, half)


def _stitch(canvas: Canvas, step: int, row: int, half: float) -> None:
    shift = (row - 7) * 20 * (1 if step % 2 else -1)
    x = step * 44 + shift
    if abs(x) < half - 24:
        y = 445 + row * 28 + 62 * (1 - (x / half) ** 2) ** 0.5
        canvas.box(500 + x - 17, y + 2, 500 + x + 17, y + 26, "#2f6b45", 5)


def shuka() -> Canvas:
    """Draw a red blanket, folded."""
    canvas = Canvas("#e8e4da")
    canvas.circle((500, 470), 390, "#dcd5c6")
    canvas.ellipse((500, 842), 370, 34, "#00000024")
    for top in (660, 530, 400):
        _fold(canvas, top)
    canvas.polygon([(165, 400), (255, 250), (745, 250), (835, 400)], "#d8332f")
    for start in range(12):
        x = 190 + start * 56
        canvas.line([(255 + (x - 165) * 490 / 670, 250), (x, 400)], "#1d2340", 9 if start % 2 else 20)
    for y in (275, 318, 365):
        canvas.line([(240, y), (765, y)], "#1d2340a0", 10)
    for step in range(24):
        x = 178 + step * 28
        canvas.line([(x, 800), (x + 3, 850)], "#b02823", 9)
    return canvas


def _fold(canvas: Canvas, top: float) -> None:
    canvas.box(150, top, 850, top + 145, "#c92c29", 62)
    for step in range(12):
        x = 190 + step * 56
        canvas.box(x - (5 if step % 2 else 10), top + 4, x + (5 if step % 2 else 10), top + 141, "#1d2340")
    for y in (42, 88):
        canvas.box(156, top + y, 844, top + y + 12, "#1d2340a0")
    canvas.box(150, top + 104, 850, top + 145, "#00000026", 40)
    canvas.box(160, top + 2, 840, top + 20, "#ffffff1c", 10)


def kanga() -> Canvas:
    """Draw a printed cotton cloth on a line, its border and its saying."""
    canvas = Canvas("#d9ebee")
    canvas.circle((790, 210), 110, "#fbe3a6")
    canvas.line([(0, 190), (500, 214), (1000, 190)], "#6e6a63", 8)
    canvas.box(185, 214, 845, 880, "#00000018")
    canvas.box(165, 200, 835, 865, "#f08a24")
    canvas.box(165, 200, 835, 865, "#00000008")
    canvas.box(235, 268, 765, 798, "#fff3d9")
    canvas.box(255, 288, 745, 778, "#14557b")
    for step in range(12):
        down, across = 232 + step * 55, 200 + step * 54.5
        for point in ((200, down), (800, down), (across, 234), (across, 832)):
            canvas.polygon(leaf(point, 44, 26, 45), "#14557b")
    for x in (345, 500, 655):
        for y in (370, 520):
            _flower(canvas, (x, y))
    canvas.box(285, 640, 715, 735, "#fff3d9", 12)
    for start, end in ((315, 440), (462, 520), (542, 685)):
        canvas.box(start, 675, end, 700, "#b0402f", 12)
    for x in (215, 785):
        canvas.box(x - 14, 160, x + 14, 250, "#c79a5b", 8)
    return canvas


def _flower(canvas: Canvas, centre: Point) -> None:
    x, y = centre
    for turn in range(0, 180, 45):
        canvas.polygon(leaf(centre, 140, 60, turn), "#f08a24")
    for dx, dy in ((0, -62), (62, 0), (0, 62), (-62, 0)):
        canvas.circle((x + dx, y + dy), 9, "#fff3d9")
    canvas.circle(centre, 28, "#fff3d9")
    canvas.circle(centre, 15, "#b0402f")
