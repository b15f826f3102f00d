"""A soapstone bowl, olive-wood spoons, a beaded bracelet and a dhow."""

from __future__ import annotations

from sandbox_site.pictures.canvas import Canvas, bowed, leaf, ring, tilted


def bowl() -> Canvas:
    """Draw a carved bowl of Kisii soapstone."""
    canvas = Canvas("#e3e6ea")
    canvas.circle((500, 450), 380, "#d3d8de")
    canvas.ellipse((500, 858), 260, 32, "#00000026")
    canvas.polygon([(400, 770), (600, 770), (640, 855), (360, 855)], "#b98d7e")
    canvas.polygon([*bowed((500, 440), 370, 370, (0, 180))], "#d9b3a2")
    canvas.polygon([*bowed((500, 440), 370, 370, (0, 70)), (560, 440)], "#ffffff22")
    canvas.polygon([*bowed((500, 440), 370, 370, (110, 180)), (300, 440)], "#00000010")
    canvas.ellipse((500, 440), 370, 92, "#e9cdbf")
    canvas.ellipse((500, 446), 330, 72, "#a97665")
    canvas.ellipse((500, 470), 270, 46, "#bb8a78")
    for x, drop in ((-270, 98), (-185, 128), (-95, 144), (0, 150), (95, 144), (185, 128), (270, 98)):
        canvas.polygon(leaf((500 + x, 440 + drop), 104, 62, 90), "#7c3f34")
        canvas.polygon(leaf((500 + x, 440 + drop), 60, 26, 90), "#f3ddd2")
    canvas.arc((500, 440), 310, 240, (25, 155), "#7c3f34", 9)
    for point in bowed((500, 440), 290, 268, (40, 140))[::6]:
        canvas.circle(point, 12, "#f3ddd2")
    return canvas


def spoons() -> Canvas:
    """Draw a pair of salad servers."""
    canvas = Canvas("#e6ecd9")
    canvas.circle((500, 500), 390, "#d6dfc3")
    for turn, side in ((62, -1), (118, 1)):
        x = 500 - side * 150
        canvas.polygon(tilted((x + 14, 318), 150, 108, turn), "#00000016")
        canvas.polygon([(500 - side * 105, 400), (500 - side * 60, 385), (500 + side * 205, 850)], "#00000012")
        handle = [(500 - side * 118, 400), (500 - side * 70, 376), (500 + side * 205, 838), (500 + side * 160, 862)]
        canvas.polygon(handle, "#b9803f")
        canvas.circle((500 + side * 182, 850), 26, "#b9803f")
        canvas.polygon(tilted((x, 300), 150, 108, turn), "#b9803f")
        canvas.polygon(tilted((x, 296), 122, 80, turn), "#8f5b28")
        canvas.polygon(tilted((x - 8, 304), 104, 62, turn), "#9d6830")
        for width in (40, 22):
            canvas.polygon(leaf((x, 300), 210, width, turn), "#8f5b2870")
    for centre, turn in (((820, 300), -40), ((850, 390), 20), ((160, 640), 200)):
        canvas.polygon(leaf(centre, 130, 50, turn), "#7d9a55")
        canvas.polygon(leaf(centre, 124, 6, turn), "#5d7a3a")
    return canvas


def bracelet() -> Canvas:
    """Draw Maasai beads on a wire."""
    canvas = Canvas("#f6e3df")
    canvas.circle((500, 500), 390, "#eed0c9")
    canvas.ellipse((500, 790), 330, 60, "#00000020")
    bands = (("#c92c29", 1), ("#f7f3ea", 2), ("#1f5fa8", 3), ("#f2b632", 1), ("#2f8a4f", 4), ("#c92c29", 2))
    for level, (colour, rhythm) in enumerate(bands):
        y = 430 + level * 44
        for number, (x, bead_y) in enumerate(ring((500, y), 330, 120, 76)):
            odd = rhythm > 1 and (number // 2) % 5 == rhythm % 5
            shade = "#f7f3ea" if odd and colour != "#f7f3ea" else "#1b1b22" if odd else colour
            canvas.circle((x, bead_y), 23, "#00000026")
            canvas.circle((x, bead_y), 20, shade)
            canvas.circle((x - 6, bead_y - 7), 6, "#ffffff90")
    return canvas


def dhow() -> Canvas:
    """Draw a carved dhow from Lamu, on the evening sea."""
    canvas = Canvas("#fbd9a8")
    canvas.box(0, 0, 1000, 250, "#f8c98e")
    canvas.circle((705, 430), 150, "#f58a4b")
    canvas.circle((705, 430), 122, "#f79d5e")
    canvas.box(0, 640, 1000, 1000, "#1f7a8c")
    for y, shade in ((690, "#ffffff18"), (780, "#00000012"), (880, "#ffffff12")):
        canvas.polygon([*bowed((500, y), 620, 34, (0, 180)), *bowed((500, y + 30), 620, 34, (180, 0))], shade)
    canvas.line([(455, 160), (455, 660)], "#5b3520", 20)
    canvas.line([(215, 530), (690, 105)], "#5b3520", 15)
    canvas.polygon([(235, 520), *bowed((420, 300), 330, 290, (300, 400)), (560, 600)], "#fff8ea")
    canvas.polygon([(690, 110), *bowed((420, 300), 330, 290, (310, 400)), (560, 600), (600, 420)], "#ead9ba")
    canvas.polygon([(150, 620), (880, 585), (800, 740), (700, 775), (300, 775), (215, 735)], "#7a4322")
    canvas.polygon([(150, 620), (880, 585), (872, 612), (160, 648)], "#a8693a")
    for x in range(240, 800, 80):
        canvas.circle((x, 672 - (x - 240) * 0.03), 9, "#f2d6a2")
    canvas.polygon([*bowed((500, 778), 330, 22, (0, 180)), (215, 762), (785, 762)], "#ffffff60")
    for x, y in ((180, 210), (265, 255), (860, 180)):
        canvas.arc((x - 22, y), 24, 14, (200, 345), "#6e5a48", 6)
        canvas.arc((x + 22, y), 24, 14, (195, 340), "#6e5a48", 6)
    return canvas
