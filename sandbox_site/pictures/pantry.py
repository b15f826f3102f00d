"""Coffee, tea, honey, nuts and spice."""

from __future__ import annotations

from sandbox_site.pictures.canvas import Canvas, Point, bowed, leaf, tilted


def _bean(canvas: Canvas, centre: Point, size: float, turn: float) -> None:
    canvas.polygon(tilted(centre, size, size * 0.66, turn), "#4a2c1d")
    canvas.polygon(tilted((centre[0] - size * 0.08, centre[1] - size * 0.1), size * 0.8, size * 0.46, turn), "#6b4029")
    canvas.polygon(leaf(centre, size * 1.9, size * 0.22, turn), "#2e1a10")


def coffee() -> Canvas:
    """Draw a bag of beans from Nyeri."""
    canvas = Canvas("#efe3d3")
    canvas.circle((500, 460), 380, "#e3cfb6")
    canvas.ellipse((500, 850), 330, 34, "#00000022")
    canvas.polygon([(300, 250), (700, 250), (735, 850), (265, 850)], "#b5814f")
    canvas.polygon([(300, 250), (370, 250), (345, 850), (265, 850)], "#00000018")
    canvas.polygon([(650, 250), (700, 250), (735, 850), (672, 850)], "#ffffff20")
    canvas.box(292, 160, 708, 262, "#9c6b3d", 14)
    canvas.box(292, 222, 708, 262, "#00000022")
    for left in (270, 690):
        canvas.box(left, 196, left + 40, 226, "#3d2a1c", 8)
    canvas.box(345, 365, 655, 735, "#faf4ea", 20)
    canvas.box(345, 365, 655, 440, "#7d2e24", 20)
    canvas.box(345, 415, 655, 440, "#7d2e24")
    _bean(canvas, (500, 580), 92, -35)
    canvas.box(420, 690, 580, 700, "#c9a06f", 5)
    for centre, turn in (((215, 838), 20), ((300, 880), -40), ((770, 858), 70), ((690, 890), 10), ((840, 815), -20)):
        _bean(canvas, centre, 40, turn)
    return canvas


def tea() -> Canvas:
    """Draw a tin of Kericho tea beside a cup."""
    canvas = Canvas("#dfeadb")
    canvas.circle((440, 450), 370, "#cbdcc4")
    canvas.ellipse((480, 845), 380, 36, "#00000022")
    canvas.box(250, 280, 610, 800, "#2f6b45")
    canvas.ellipse((430, 800), 180, 46, "#2f6b45")
    canvas.box(250, 280, 310, 810, "#00000022")
    canvas.box(545, 280, 580, 830, "#ffffff22")
    canvas.box(240, 205, 620, 290, "#c79a3f")
    canvas.ellipse((430, 290), 190, 44, "#c79a3f")
    canvas.ellipse((430, 205), 190, 44, "#e0bb68")
    canvas.ellipse((430, 203), 150, 30, "#d1a850")
    canvas.circle((430, 570), 138, "#f6f1df")
    for turn, centre in ((-90, (430, 548)), (-25, (482, 600)), (-155, (378, 600))):
        canvas.polygon(leaf(centre, 150, 74, turn), "#4f9a5b")
        canvas.polygon(leaf(centre, 140, 8, turn), "#2f6b45")
    canvas.arc((858, 735), 54, 58, (0, 360), "#fbf8f0", 20)
    canvas.polygon([*bowed((735, 690), 135, 160, (0, 180))], "#fbf8f0")
    canvas.ellipse((735, 690), 135, 30, "#fffdf7")
    canvas.ellipse((735, 692), 116, 22, "#a4542a")
    for x in (700, 765):
        canvas.line([(x, 630), (x + 14, 600), (x - 8, 570), (x + 8, 540)], "#ffffffa0", 12)
    return canvas


def honey() -> Canvas:
    """Draw a jar of acacia honey before a comb."""
    canvas = Canvas("#fdf0cf")
    for row, y in enumerate((120, 240, 360, 480, 600)):
        for column in range(5):
            _cell(canvas, (90 + column * 208 + (row % 2) * 104, y))
    canvas.ellipse((500, 868), 300, 34, "#00000024")
    canvas.box(270, 320, 730, 865, "#e79a1b", 80)
    canvas.box(270, 320, 345, 865, "#00000014", 60)
    canvas.box(640, 370, 680, 810, "#ffffff50", 20)
    canvas.box(300, 300, 700, 360, "#f5c55b")
    canvas.box(285, 190, 715, 310, "#7a4a22", 24)
    canvas.box(285, 262, 715, 282, "#00000030")
    canvas.box(330, 455, 670, 745, "#fffaf0", 26)
    canvas.polygon(tilted((500, 610), 78, 58, 90), "#f2b632")
    for y in (560, 605, 650):
        canvas.box(448, y, 552, y + 20, "#4a2c1d", 8)
    for turn, x in ((-30, 585), (-150, 415)):
        canvas.polygon(leaf((x, 545), 130, 74, turn), "#bcdcec")
    return canvas


def _cell(canvas: Canvas, centre: Point) -> None:
    (x, y), size = centre, 64
    corners = [(0, -1), (0.87, -0.5), (0.87, 0.5), (0, 1), (-0.87, 0.5), (-0.87, -0.5)]
    canvas.polygon([(x + dx * size, y + dy * size) for dx, dy in corners], "#f9dd94")


def macadamia() -> Canvas:
    """Draw a wooden bowl of roasted nuts."""
    canvas = Canvas("#e7dfd8")
    canvas.circle((500, 430), 370, "#d9cdc2")
    canvas.ellipse((500, 850), 330, 34, "#00000022")
    rows = ((400, (390, 500, 610)), (465, (300, 395, 500, 605, 700)), (530, (250, 350, 450, 550, 650, 750)))
    for y, columns in rows:
        for x in columns:
            _nut(canvas, (x, y))
    canvas.polygon([*bowed((500, 540), 370, 310, (0, 180))], "#8a5a33")
    canvas.polygon([*bowed((500, 540), 370, 310, (0, 60)), (600, 540)], "#ffffff12")
    canvas.polygon([*bowed((500, 540), 370, 22, (0, 180)), *bowed((500, 565), 366, 30, (180, 0))], "#a8713f")
    for width, y in ((330, 650), (268, 735)):
        canvas.arc((500, y - 40), width, 60, (15, 165), "#6d4425", 10)
    for centre in ((150, 845), (850, 852), (775, 880)):
        _nut(canvas, centre)
    return canvas


def _nut(canvas: Canvas, centre: Point) -> None:
    x, y = centre
    canvas.circle(centre, 62, "#c98f4e")
    canvas.circle((x - 4, y - 5), 55, "#e9c184")
    canvas.circle((x - 18, y - 20), 18, "#fbe8c4")


def pilau() -> Canvas:
    """Draw a clay dish of pilau masala with cloves and cardamom."""
    canvas = Canvas("#f3ddd0")
    canvas.circle((500, 430), 370, "#e9c9b6")
    canvas.ellipse((500, 838), 350, 36, "#00000022")
    canvas.polygon([(215, 650), (400, 390), (470, 320), (525, 310), (600, 385), (785, 650)], "#a65a26")
    canvas.polygon([(525, 310), (600, 385), (785, 650), (600, 650)], "#8d4719")
    for x, y in ((430, 470), (370, 560), (480, 580), (500, 420), (560, 520), (640, 590), (300, 610), (555, 610)):
        canvas.circle((x, y), 11, "#d98b45")
        canvas.circle((x + 38, y + 20), 7, "#5d2b0f")
    canvas.polygon([*bowed((500, 640), 380, 200, (0, 180))], "#b4472e")
    canvas.polygon([*bowed((500, 640), 380, 34, (0, 180)), *bowed((500, 668), 374, 40, (180, 0))], "#d0644a")
    for x in range(210, 800, 84):
        canvas.polygon([(x, 720), (x + 30, 694), (x + 60, 720), (x + 30, 746)], "#f0b98c")
    for centre, turn in (((170, 870), 25), ((265, 905), -15), ((800, 880), -35)):
        canvas.polygon(leaf(centre, 120, 62, turn), "#8fae6b")
        canvas.polygon(leaf(centre, 110, 9, turn), "#6a8a4b")
    for x, y in ((660, 900), (720, 925), (880, 905)):
        canvas.line([(x, y), (x + 44, y - 22)], "#4a2413", 13)
        canvas.circle((x + 48, y - 24), 16, "#5f3019")
    return canvas
