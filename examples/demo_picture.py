"""The README's picture: the top of the page that `jaxeval demo` writes, and the filmstrips of its first clip.

Needs Chromium, in which the page is opened without everything else on it.

    jaxeval demo && python examples/demo_picture.py [FOLDER]

FOLDER is where the demo has been, jaxeval-demo by default.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

PICTURE = Path(__file__).with_name("demo.png")
WIDTH, MARGIN = 1100, 30  # pixels
STYLE = f"""<style>
:root {{ color-scheme: light; }}
body {{ padding: {MARGIN}px; max-width: none; }}
h2 {{ margin-top: 0; }}
header, main > section:not([aria-labelledby=glance], [aria-labelledby=clips]), #clips, .clip ~ .clip, .clip details,
.clip .notes {{ display: none; }}
</style>"""


def screenshot(page: str) -> Image.Image:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.html").write_text(page, "utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDTH},2000"]
        where = [f"--user-data-dir={folder}", f"--screenshot={folder / 'page.png'}"]
        subprocess.run(["chromium", *options, *where, (folder / "page.html").as_uri()], check=True, capture_output=True)
        return Image.open(folder / "page.png").convert("RGB")


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "jaxeval-demo")
    picture = screenshot((folder / "report.html").read_text("utf-8").replace("</head>", f"{STYLE}</head>"))
    _, _, _, bottom = ImageChops.difference(picture, Image.new("RGB", picture.size, "white")).getbbox()
    picture.crop((0, 0, WIDTH, bottom + MARGIN)).quantize(256).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
