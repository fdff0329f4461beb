// The picture: which nodes and edges light up, Σ badges, pan and zoom.

const READABLE = 0.8;  // a graph that fits only below this scale is shown larger, and followed

class Picture {
  constructor(element, runs, pick) {
    this.element = element;
    this.runs = runs;
    this.svg = element.querySelector("svg");
    this.width = Number(this.svg.getAttribute("width"));
    this.height = Number(this.svg.getAttribute("height"));
    this.svg.setAttribute("role", "group");
    this.svg.removeAttribute("width");
    this.svg.removeAttribute("height");
    this.nodes = new Map();
    for (const node of this.svg.querySelectorAll("[data-node]")) this.prepare(node, pick);
    this.edges = [...this.svg.querySelectorAll("[data-edge]")];  // in the order of the run's edges
    this.badges = this.svg.appendChild(makeSvg("g", {class: "badges", "aria-hidden": "true"}));
    this.focus = null;
    this.listen();
    new ResizeObserver(() => this.settle()).observe(element);
  }

  prepare(node, pick) {
    const id = node.dataset.node, vertex = this.runs[0].byId.get(id);
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", [vertex.kind, vertex.label,
      vertex.shape ? `shape ${shapeText(vertex.shape)}` : ""].filter(Boolean).join(" "));
    node.addEventListener("click", () => { if (!this.dragged) pick(id); });
    node.addEventListener("keydown", event => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      pick(id);
    });
    node.addEventListener("focus", () => { if (node.matches(":focus-visible")) this.reveal([id]); });
    if (this.runs.some(run => run.failed(run.byId.get(id)))) node.classList.add("failed");
    if (vertex.bad) node.classList.add("broken");
    // Of the shape alone: a text's box is wrong where the picture is still scaled to a few px.
    this.nodes.set(id, {node, box: node.querySelector("rect, polygon").getBBox()});
  }

  // Colours for a frame.
  paint(now, selected) {
    const run = this.runs[0], frame = run.frameAt(now);
    const queue = new Set(frame?.queue ?? []);
    for (const [id, {node}] of this.nodes) {
      const vertex = run.byId.get(id);
      const state = {
        future: run.hasValue(vertex, now) === "later",
        now: frame?.vertex === id,
        target: frame?.back && frame.target === id,
        queued: queue.has(id),
        selected: id === selected,
      };
      for (const [name, on] of Object.entries(state)) node.classList.toggle(name, Boolean(on));
      node.setAttribute("aria-pressed", String(id === selected));
    }
    this.edges.forEach((edge, number) => {
      const inward = frame && !frame.back && run.edges[number].target === frame.vertex;
      const sent = run.sent.get(number);
      edge.classList.toggle("forward", Boolean(inward));
      edge.classList.toggle("now", Boolean(frame?.back && frame.edge === number));
      edge.classList.toggle("sent", sent !== undefined && sent <= now);
    });
    this.drawBadges(now);
    this.focus = frame ? [frame.vertex, frame.target].filter(Boolean) : null;
    if (this.focus) this.reveal(this.focus);
  }

  drawBadges(now) {
    const run = this.runs[0];
    this.badges.replaceChildren();
    for (const [id, {box}] of this.nodes) {
      const {state, arrived, expected} = run.gradient(run.byId.get(id), now);
      if (!arrived || expected < 2) continue;
      const text = `Σ ${arrived}/${expected}`, wide = text.length * 7.2 + 8;
      const [x, y] = [box.x + box.width - wide + 8, box.y - 13];
      const badge = makeSvg("g", {class: state === "done" ? "badge full" : "badge", "data-badge": id});
      badge.append(makeSvg("rect", {x, y, width: wide, height: 17, rx: 8}),
        makeSvg("text", {x: x + wide / 2, y: y + 12.5, "text-anchor": "middle"}, text));
      this.badges.append(badge);
    }
  }

  // ------------------------------------------------------------------ pan and zoom

  // Size of the pane in px; a hidden one has none.
  pane() { return [this.element.clientWidth || 600, this.element.clientHeight || 400]; }

  fit() {
    const [wide, high] = this.pane();
    return Math.min(wide / this.width, high / this.height, 1.25);
  }

  // The scale that the reader chose, or the whole graph as long as its text can be read.
  settle(scale = this.chosen) {
    const [wide, high] = this.pane();
    this.scale = scale ?? Math.max(this.fit(), READABLE);
    if (!this.centre) this.centre = [this.width / 2, Math.min(this.height, high / this.scale) / 2];
    this.view = [wide / this.scale, high / this.scale];
    this.move(0, 0);
    if (this.focus && scale === undefined) this.reveal(this.focus);
  }

  // Move by px of the screen; a graph smaller than the pane stays in its middle.
  move(dx, dy) {
    const size = [this.width, this.height], step = [dx, dy];
    this.centre = this.centre.map((at, axis) => {
      const half = this.view[axis] / 2, moved = at - step[axis] / this.scale;
      if (half * 2 >= size[axis]) return size[axis] / 2;
      return Math.min(Math.max(moved, half), size[axis] - half);
    });
    const corner = this.centre.map((at, axis) => at - this.view[axis] / 2);
    this.svg.setAttribute("viewBox", [...corner, ...this.view].map(v => v.toFixed(1)).join(" "));
  }

  zoom(factor) {
    this.chosen = Math.min(4, Math.max(0.02, this.scale * factor));
    this.settle();
  }

  fitAll() {
    this.chosen = this.fit();
    this.settle();
  }

  // Paper shows all of the graph.
  forPaper(on) {
    if (on) this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    else this.settle();
  }

  // Move just enough to show these nodes.
  reveal(ids) {
    if (!this.view) return;
    const boxes = ids.map(id => this.nodes.get(id)?.box).filter(Boolean);
    if (!boxes.length) return;
    const low = [Math.min(...boxes.map(b => b.x)) - 24, Math.min(...boxes.map(b => b.y)) - 24];
    const high = [Math.max(...boxes.map(b => b.x + b.width)) + 24,
      Math.max(...boxes.map(b => b.y + b.height)) + 24];
    this.centre = this.centre.map((at, axis) => {
      const half = this.view[axis] / 2;
      if (high[axis] - low[axis] > 2 * half) return (boxes[0].x + boxes[0].width / 2) * (1 - axis)
        + (boxes[0].y + boxes[0].height / 2) * axis;
      return Math.min(Math.max(at, high[axis] - half), low[axis] + half);
    });
    this.move(0, 0);
  }

  listen() {
    const held = new Map();  // pointer -> where it is
    const spread = () => {
      const [a, b] = [...held.values()];
      return b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0;
    };
    this.element.addEventListener("pointerdown", event => {
      held.set(event.pointerId, [event.clientX, event.clientY]);
      this.dragged = false;
    });
    window.addEventListener("pointermove", event => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const was = spread(), here = [event.clientX, event.clientY];
      if (held.size === 1 && !this.dragged && Math.hypot(here[0] - before[0], here[1] - before[1]) < 4) return;
      this.dragged = true;
      held.set(event.pointerId, here);
      if (was) this.zoom(spread() / was);
      else this.move(here[0] - before[0], here[1] - before[1]);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      window.addEventListener(name, event => held.delete(event.pointerId));
    }
    this.element.addEventListener("wheel", event => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 500));
    }, {passive: false});
  }
}
