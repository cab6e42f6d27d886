#!/usr/bin/env python3
"""Measures the mails beside this file in Chromium, as a reference for Malote's own drawing of them.

    measure.py                      measures every mail and writes chromium.json
    measure.py NAME ...             measures these and prints their lines
    measure.py --pictures DIR ...   also keeps every page as DIR/NAME-WIDTH.png
    measure.py --check              measures every mail and compares it with chromium.json, which is left as it is

Needs Python 3.9, the Debian packages chromium, fonts-noto-core, fonts-noto-cjk, fonts-noto-color-emoji and
fonts-liberation, and nothing else. No test runs it: it is run by hand when a mail is added or changed.

What Chromium is shown is the mail's HTML part, decoded, with
  - every `cid:` replaced by the picture itself,
  - every remote picture replaced by a transparent one of the size that its tag gives (the `width` and `height`
    attributes, else pixels in its `style`; 100 for a width and 24 for a height that is not given), so that style sheets
    still scale it,
  - scripts off, remote style sheets, fonts and backgrounds absent: no name is looked up and no socket opened,
  - light colours, one device pixel a CSS pixel (but for `fine`), a window 800 pixels high,
  - fonts fixed: Arial, Helvetica and sans-serif are Liberation Sans; Times and serif Liberation Serif; Courier and
    monospace Liberation Mono; the scripts that these lack come from Noto; families that are not installed are skipped.

chromium.json has one line a mail, sorted by name:
  measured    whether every width could be measured; if not, `why` says the reason and `widths` is partial
  quirks      whether Chromium took it in quirks mode (no doctype, or an old one), in which, for one, tables do not
              inherit the font's size
  widths      for 400, 700 and 1100 CSS pixels:
    bottom      lower edge, in pixels from the top, of the lowest visible text or picture (a text's own box, not its
                line's)
    fine        the same on a screen of two pixels a CSS pixel, in CSS pixels: there a letter may be half a pixel wider
                or narrower, where on the other it is a whole number of pixels wide, so that lines break elsewhere
    right       right edge of the same; more than the width where a mail is too wide for the window
    height      lower edge of the lowest box in the body, seen or not: backgrounds count, the body's own margin does not
    page        height of what was photographed: the whole document with its margins, or the window if that is higher
    background  the photograph's commonest colour
    ink         share of the pixels of the photograph that differ from `background` by more than 12 of 255 in a channel;
                areas of another colour count in full
    edges       share of the pixels that differ so from their left neighbour: a measure of text and lines that does not
                depend on which colour is the commonest
"""

import base64
import email
import email.policy
import html
import json
import os
import re
import select
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULT = HERE / "chromium.json"
WIDTHS = (400, 700, 1100)
WINDOW_HEIGHT = 800
LONGEST_ANSWER = 20

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --disable-extensions --disable-default-apps --mute-audio --hide-scrollbars
    --disable-lcd-text --font-render-hinting=none --force-color-profile=srgb --lang=en-GB
    --disable-dev-shm-usage --remote-debugging-pipe""".split()

FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<dir>/usr/share/fonts/truetype/liberation</dir><dir>/usr/share/fonts/truetype/noto</dir>
<dir>/usr/share/fonts/opentype/noto</dir><cachedir>{cache}</cachedir>{aliases}</fontconfig>"""

ALIASES = {
    "Liberation Sans": ("Arial", "Helvetica", "sans-serif", "sans"),
    "Liberation Serif": ("Times New Roman", "Times", "serif"),
    "Liberation Mono": ("Courier New", "Courier", "monospace", "mono"),
    "Noto Color Emoji": ("emoji",),
}

# The lowest visible text or picture: what an ancestor clips away, hides or makes transparent is not visible.
PROBE = r"""(() => {
  const shown = (box, element) => {
    let { left, top, right, bottom } = box;
    for (let e = element; e && e !== document.documentElement; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.display === 'none' || Number(style.opacity) < 0.05) return null;
      if (e !== document.body && style.overflowX !== 'visible' && style.display !== 'inline') {
        const clip = e.getBoundingClientRect();
        left = Math.max(left, clip.left); right = Math.min(right, clip.right);
        top = Math.max(top, clip.top); bottom = Math.min(bottom, clip.bottom);
      }
    }
    return right - left > 1 && bottom - top > 1 ? { right, bottom } : null;
  };
  let bottom = 0, right = 0;
  const count = (box, element) => {
    if (getComputedStyle(element).visibility !== 'visible') return;
    const seen = shown(box, element);
    if (seen && box.right > 0 && box.bottom > 0) {
      bottom = Math.max(bottom, seen.bottom + scrollY);
      right = Math.max(right, seen.right + scrollX);
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const parent = text.parentElement;
    if (/^(style|script|title|noscript)$/i.test(parent.tagName)) continue;
    if (!/[^\s\u00a0\u00ad\u034f\u200b-\u200f\u2007\ufeff]/.test(text.data)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const box of range.getClientRects()) count(box, parent);
  }
  for (const picture of document.images) count(picture.getBoundingClientRect(), picture);
  // A range over it rather than the body: in quirks mode the body is as high as the window.
  const all = document.createRange();
  all.selectNodeContents(document.body);
  return {
    bottom, right,
    height: Math.ceil(all.getBoundingClientRect().bottom + scrollY),
    page: document.documentElement.scrollHeight,
    quirks: document.compatMode === 'BackCompat',
    broken: [...document.images].filter(i => !i.complete || !i.naturalWidth).length,
  };
})()"""

INK = r"""(async (picture) => {
  const blob = await (await fetch('data:image/png;base64,' + picture)).blob();
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const data = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
  const counts = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const colour = data[i] << 16 | data[i + 1] << 8 | data[i + 2];
    counts.set(colour, (counts.get(colour) || 0) + 1);
  }
  let background = 0, most = 0;
  for (const [colour, n] of counts) if (n > most) { most = n; background = colour; }
  const paper = [background >> 16, background >> 8 & 255, background & 255];
  let ink = 0, edges = 0;
  for (let i = 0, x = 0; i < data.length; i += 4) {
    let differs = false, edge = false;
    for (let c = 0; c < 3; c++) {
      differs ||= Math.abs(data[i + c] - paper[c]) > 12;
      edge ||= x > 0 && Math.abs(data[i + c] - data[i + c - 4]) > 12;
    }
    ink += differs; edges += edge;
    if (++x === bitmap.width) x = 0;
  }
  const pixels = bitmap.width * bitmap.height;
  return { background: '#' + background.toString(16).padStart(6, '0'), ink: ink / pixels, edges: edges / pixels };
})"""


class Chromium:
    """One headless browser, spoken to over a pair of pipes: JSON, each message ended by a NUL."""

    def __init__(self, folder, scale):
        folder.mkdir()
        config = folder / "fonts.conf"
        aliases = "".join(
            f'<match target="pattern"><test name="family"><string>{name}</string></test>'
            f'<edit name="family" mode="assign" binding="same"><string>{family}</string></edit></match>'
            for family, names in ALIASES.items() for name in names)
        config.write_text(FONTS.format(cache=folder / "font-cache", aliases=aliases))
        theirs_in, self.ours_out = os.pipe()
        self.ours_in, theirs_out = os.pipe()
        # The browser expects commands at descriptor 3 and answers at 4, and a shell puts them there.
        command = ["sh", "-c", f'exec 3<&{theirs_in} 4>&{theirs_out}; exec "$@"', "sh", "chromium", *FLAGS,
                   f"--force-device-scale-factor={scale}",
                   "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}", "about:blank"]
        self.process = subprocess.Popen(
            command, pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "FONTCONFIG_FILE": str(config), "LANG": "C.UTF-8", "TZ": "UTC"})
        os.close(theirs_in)
        os.close(theirs_out)
        self.number = 0
        self.rest = b""
        self.events = []

    def close(self):
        self.call("Browser.close")
        self.process.wait(LONGEST_ANSWER)

    def message(self):
        while b"\0" not in self.rest:
            if not select.select([self.ours_in], [], [], LONGEST_ANSWER)[0]:
                raise TimeoutError(f"Chromium did not answer in {LONGEST_ANSWER} s")
            octets = os.read(self.ours_in, 1 << 20)
            if not octets:
                raise RuntimeError("Chromium ended")
            self.rest += octets
        first, _, self.rest = self.rest.partition(b"\0")
        return json.loads(first)

    def call(self, method, session=None, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        self.write(json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]
            self.events.append(answer.get("method"))

    def write(self, octets):
        while octets:
            octets = octets[os.write(self.ours_out, octets):]

    def tab(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        return self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def wait_for(self, event):
        while event not in self.events:
            self.events.append(self.message().get("method"))
        self.events.clear()

    def evaluate(self, session, script):
        answer = self.call("Runtime.evaluate", session, expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", "a script failed"))
        return answer["result"]["value"]


def page_of(path):
    """The HTML part of a mail as one document that needs nothing from outside."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    part = next((p for p in message.walk() if p.get_content_type() == "text/html" and not p.is_attachment()), None)
    if part is None:
        raise RuntimeError("no HTML part")
    page = part.get_content()
    for picture in message.walk():
        name = (picture.get("Content-ID") or "").strip().strip("<>")
        if name and picture.get_content_maintype() == "image":
            octets = base64.b64encode(picture.get_content()).decode()
            page = page.replace("cid:" + name, f"data:{picture.get_content_type()};base64,{octets}")
    return re.sub(r"<img\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", blocked, page, flags=re.IGNORECASE)


def blocked(tag):
    """A remote picture's tag with a transparent picture of the size that the tag gives."""
    tag = tag.group(0)
    source = re.search(r"\bsrc\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", tag, re.IGNORECASE)
    if not source or not re.match(r"['\"]?\s*(https?:)?//", source.group(1), re.IGNORECASE):
        return tag
    width, height = measure_of(tag, "width", 100), measure_of(tag, "height", 24)
    picture = f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'/>"
    address = "data:image/svg+xml," + html.escape(picture.replace("<", "%3C").replace(">", "%3E").replace("#", "%23"))
    tag = tag.replace(source.group(0), f'src="{address}"')
    return re.sub(r"\bsrcset\s*=\s*(\"[^\"]*\"|'[^']*')", "", tag, flags=re.IGNORECASE)


def measure_of(tag, side, otherwise):
    given = re.search(rf"(?<![-\w]){side}\s*=\s*[\"']?(\d+)(?![\d%])", tag, re.IGNORECASE)
    given = given or re.search(rf"(?<![-\w]){side}\s*:\s*(\d+)px", tag, re.IGNORECASE)
    return int(given.group(1)) if given else otherwise


def measure(browser, tab, counter, path, folder, pictures):
    """What chromium.json says of one mail."""
    found = {"measured": True, "quirks": False, "widths": {}}
    try:
        # The mark at its start tells the browser that the file is UTF-8, whatever the mail's own <meta> says.
        file = folder / "mail.html"
        file.write_text(page_of(path), encoding="utf-8-sig")
        for width in WIDTHS:
            resize(browser, tab, width, WINDOW_HEIGHT)
            browser.events.clear()
            browser.call("Page.navigate", tab, url=file.as_uri())
            browser.wait_for("Page.loadEventFired")
            # Fonts that fall back are found while the page is drawn, so it is drawn once before it is measured.
            shot(browser, tab)
            seen = browser.evaluate(tab, PROBE)
            if seen["broken"]:
                raise RuntimeError(f"{seen['broken']} pictures could not be shown")
            resize(browser, tab, width, max(seen["page"], WINDOW_HEIGHT))
            picture = shot(browser, tab)
            colours = browser.evaluate(counter, f"{INK}({json.dumps(picture)})")
            found["quirks"] = seen["quirks"]
            found["widths"][str(width)] = {
                "bottom": round(seen["bottom"]), "right": round(seen["right"]), "height": seen["height"],
                "page": max(seen["page"], WINDOW_HEIGHT), "background": colours["background"],
                "ink": round(colours["ink"], 4), "edges": round(colours["edges"], 4)}
            if pictures:
                (pictures / f"{path.stem}-{width}.png").write_bytes(base64.b64decode(picture))
    except (RuntimeError, LookupError) as error:
        found.update(measured=False, why=str(error))
    return found


def refine(browser, tab, path, folder, found):
    """Adds to what was found of a mail what a browser finds on a finer screen."""
    file = folder / "mail.html"
    file.write_text(page_of(path), encoding="utf-8-sig")
    for width, seen in found["widths"].items():
        resize(browser, tab, int(width), WINDOW_HEIGHT, scale=2)
        browser.events.clear()
        browser.call("Page.navigate", tab, url=file.as_uri())
        browser.wait_for("Page.loadEventFired")
        shot(browser, tab)
        seen["fine"] = round(browser.evaluate(tab, PROBE)["bottom"])


def resize(browser, tab, width, height, scale=1):
    browser.call("Emulation.setDeviceMetricsOverride", tab, width=width, height=height,
                 deviceScaleFactor=scale, mobile=False)


def shot(browser, tab):
    return browser.call("Page.captureScreenshot", tab, format="png")["data"]


def measure_all(paths, pictures):
    with tempfile.TemporaryDirectory(prefix="malote-measure-", ignore_cleanup_errors=True) as folder:
        folder = Path(folder)
        browser = Chromium(folder / "coarse", 1)
        try:
            counter, tab = browser.tab(), reader(browser)
            found = {path.stem: measure(browser, tab, counter, path, folder, pictures) for path in paths}
        finally:
            browser.close()
        # How wide letters are is settled when the browser starts.
        browser = Chromium(folder / "fine", 2)
        try:
            tab = reader(browser)
            for path in paths:
                if found[path.stem]["measured"]:
                    refine(browser, tab, path, folder, found[path.stem])
        finally:
            browser.close()
        return found


def reader(browser):
    """A tab in which mail is read."""
    tab = browser.tab()
    browser.call("Page.enable", tab)
    browser.call("Emulation.setScriptExecutionDisabled", tab, value=True)
    browser.call("Emulation.setEmulatedMedia", tab, media="screen",
                 features=[{"name": "prefers-color-scheme", "value": "light"}])
    return tab


def as_lines(found):
    lines = (f" {json.dumps(name)}: {json.dumps(found[name], ensure_ascii=False)}" for name in sorted(found))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(words):
    pictures = None
    if "--pictures" in words:
        at = words.index("--pictures")
        pictures = Path(words.pop(at + 1))
        words.pop(at)
        pictures.mkdir(parents=True, exist_ok=True)
    check = "--check" in words
    names = [word for word in words if word != "--check"]
    paths = [HERE / f"{name}.eml" for name in names] or sorted(HERE.glob("*.eml"))
    lines = as_lines(measure_all(paths, pictures))
    if check:
        same = lines == RESULT.read_text()
        print("the same" if same else "chromium.json differs")
        return 0 if same else 1
    if names:
        print(lines, end="")
    else:
        RESULT.write_text(lines)
        unmeasured = [line for line in lines.splitlines() if '"measured": false' in line]
        print(f"{len(paths)} mails, {len(unmeasured)} of them not measured", *unmeasured, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
