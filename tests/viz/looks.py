"""What must not be seen on a page, in JavaScript: text cut off, boxes that overlap."""

WIDE, PHONE = (1280, 800), (390, 844)

TROUBLE = """() => {
  const found = [];
  const name = e => `${e.tagName}#${e.id}.${e.getAttribute("class")} ${e.textContent.slice(0, 30)}`;
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) found.push("the page scrolls sideways");
  const shown = [...document.querySelectorAll("header *, #side *, footer *")]
    .filter(e => e.getClientRects().length && !e.closest("select, .scroll, #queue"));
  for (const e of shown) {
    const box = e.getBoundingClientRect();
    if (box.left < -1 || box.right > innerWidth + 1) found.push("outside: " + name(e));
    const clipped = e.clientWidth && e.scrollWidth > e.clientWidth + 1;
    if (clipped && e.tagName !== "CANVAS") found.push("clipped: " + name(e));
  }
  for (const parent of new Set(shown.map(e => e.parentElement))) {
    const boxes = [...parent.children].filter(e => shown.includes(e))
      .flatMap(e => [...e.getClientRects()].map(box => [e, box])).filter(([, b]) => b.width > 1);
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (a !== b && wide > 1.5 && high > 1.5) found.push(`overlap: ${name(a)} | ${name(b)}`);
    }));
  }
  for (const node of document.querySelectorAll(".node")) {
    const frame = node.querySelector("rect, polygon").getBBox();
    for (const text of node.querySelectorAll("text")) {
      if (text.getBBox().width > frame.width) found.push("too wide: " + name(node));
    }
  }
  const footer = document.querySelector("footer").getBoundingClientRect();
  if (footer.bottom > innerHeight + 1) found.push("the controls are below the window");
  return found;
}"""


def box(player, selector):
    """Left, top, right and bottom of an element, in px of the window."""
    return player.run(
        f"(() => {{ const b = document.querySelector('{selector}').getBoundingClientRect();"
        "return [b.left, b.top, b.right, b.bottom]; })()"
    )
