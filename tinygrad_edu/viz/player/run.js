// What is known at a frame: which values exist, which gradients, and what the quiz hides.

class Run {
  constructor(data, views) {
    Object.assign(this, data);
    this.views = views;
    this.byId = new Map(this.vertices.map(vertex => [vertex.id, vertex]));
    for (const frame of this.frames) {
      frame.back = frame.phase === "backward";
      frame.edge ??= -1;
      frame.target = frame.edge >= 0 ? this.edges[frame.edge].source : null;
    }
    this.made = new Map();      // vertex -> frame in which its value appears
    this.names = new Map();     // vertex -> what formulas call it
    this.targeted = new Map();  // vertex -> frames that add to its gradient
    this.left = new Map();      // vertex -> first frame in which its own formulas run backward
    this.sent = new Map();      // edge -> frame
    this.frames.forEach((frame, number) => this.index(frame, number));
    for (const vertex of this.vertices) {
      const edge = this.edges.find(e => e.target === vertex.id);
      if (vertex.kind === "output" && edge) {
        vertex.same = edge.source;
        if (this.made.has(edge.source)) this.made.set(vertex.id, this.made.get(edge.source));
      }
    }
    // What is differentiated, as the formulas call it.
    this.root = /^∂(.+?)\/∂/.exec(this.frames.find(frame => frame.contributes)?.contributes)?.[1] ?? "L";
    this.opened = new Set();    // frames whose answer the reader has found, or asked to see
    this.firstBad = this.vertices.find(vertex => vertex.bad);
  }

  index(frame, number) {
    if (!frame.back) {
      this.made.set(frame.vertex, number);
      const name = /^([^\s=]+) = /.exec(frame.formula ?? "")?.[1];
      if (name) this.names.set(frame.vertex, name);
      return;
    }
    if (!this.left.has(frame.vertex)) this.left.set(frame.vertex, number);
    if (frame.target === null) return;
    if (!this.targeted.has(frame.target)) this.targeted.set(frame.target, []);
    this.targeted.get(frame.target).push(number);
    this.sent.set(frame.edge, number);
  }

  frameAt(now) { return this.frames[Math.min(now, this.frames.length - 1)]; }
  view(number) { return number === undefined || number === null ? null : this.views[number]; }
  label(id) { return this.byId.get(id)?.label ?? id; }
  // What formulas call it: the left side of the one that made it.
  name(id) { return this.names.get(id) ?? this.label(id); }

  partial(id) { return `∂${this.root}/∂${this.name(id)}`; }

  // The op without that name, which the picture puts before it: "h = relu".
  op(id) {
    const label = this.label(id), name = `${this.name(id)} = `;
    return label.startsWith(name) ? label.slice(name.length) : label;
  }

  failed(vertex) { return this.failure && vertex === this.vertices[this.vertices.length - 1]; }

  // "yes", "later" or "never" (a failed op).
  hasValue(vertex, now) {
    if (this.failed(vertex)) return "never";
    const at = this.made.get(vertex.id);
    return at === undefined || at <= now ? "yes" : "later";
  }

  // The gradient of a vertex after a frame: its state, what is there, how many of how many arrived.
  gradient(vertex, now) {
    if (vertex.same) return this.gradient(this.byId.get(vertex.same), now);
    const frames = this.targeted.get(vertex.id) ?? [], past = frames.filter(n => n <= now);
    const expected = frames.length ? this.frames[frames[0]].expected ?? frames.length : 0;
    if (!frames.length) {
      const at = this.left.get(vertex.id);  // the root of the sweep: seeded, not summed
      if (at !== undefined) {
        const known = this.frames[now]?.back;
        return known ? {state: "seed", view: this.view(this.frames[at].upstream), frames: []}
          : {state: "later"};
      }
      if (vertex.kind === "input") return {state: "data"};
      return {state: this.failure || !this.sent.size ? "later" : "none"};
    }
    if (!past.length) return {state: "later", expected};
    const last = this.frames[past[past.length - 1]];
    const state = last.arrived >= expected ? "done" : "partial";
    return {state, view: this.view(last.partial), arrived: last.arrived, expected, frames: past};
  }

  // Frames whose contributions make up the gradient of a vertex, and which the quiz still hides.
  closed(id) {
    return (this.targeted.get(id) ?? []).filter(number => !this.opened.has(number));
  }
}
