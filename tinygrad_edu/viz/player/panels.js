// What stands beside the picture: the step, the node, the queue; and the table of all frames.

// `player` has: now, quiz (are answers hidden?), open(run, frames), pick(id), ask(run, number).

function hidden(player, run, title, frames) {
  return make("figure", {class: "view", "data-view": "hidden"},
    make("figcaption", {}, make("b", {}, title)),
    make("p", {class: "quiet"}, run.locked ? "hidden: this is a quiz" : "hidden by the quiz "),
    run.locked ? null
      : make("button", {type: "button", onclick: () => player.open(run, frames)}, "Show"));
}

// A card, unless the quiz still hides one of the frames that its numbers come from.
function secret(player, run, view, title, frames, options) {
  const closed = player.quiz ? frames.filter(number => !run.opened.has(number)) : [];
  if (closed.length || (run.locked && !view)) return hidden(player, run, title, closed);
  return card(view, title, options);
}

// ------------------------------------------------------------------------ the step

function stepPanel(player, run) {
  const frame = run.frameAt(player.now), number = run.frames.indexOf(frame);
  const parts = [failurePanel(run)];
  if (!frame) parts.push(make("p", {}, "No step was recorded."));
  else if (frame.back) parts.push(...backwardPanel(player, run, frame, number));
  else parts.push(...forwardPanel(run, frame));
  parts.push(...run.notes.map(note => make("p", {class: "quiet"}, note)));
  return parts;
}

function failurePanel(run) {
  if (!run.failure) return null;
  return make("div", {class: "failure"},
    make("p", {}, make("b", {}, `${run.failure.op} failed`)),
    make("pre", {}, run.failure.message),
    run.failure.line ? make("code", {class: "line"}, run.failure.line) : null);
}

function formula(frame) {
  return [
    frame.formula ? make("p", {class: "formula"}, frame.formula) : null,
    frame.shapes ? make("p", {class: "shapes"}, frame.shapes) : null,
  ];
}

function forwardPanel(run, frame) {
  const incoming = run.edges.filter(edge => edge.target === frame.vertex);
  const stretched = incoming.filter(edge => edge.label)
    .map(edge => make("p", {class: "shapes"}, `broadcast ${run.label(edge.source)}: ${edge.label}`));
  const sources = [...new Set(incoming.map(edge => edge.source))].slice(0, 4);
  const vertex = run.byId.get(frame.vertex);
  return [
    make("h2", {}, "Forward: ", make("b", {}, run.op(frame.vertex))), ...formula(frame), ...stretched,
    make("div", {class: "views"},
      sources.map(id => card(run.view(run.byId.get(id).value), run.name(id), {key: "input"})),
      card(run.view(vertex.value), run.name(vertex.id), {key: "result"})),
  ];
}

function backwardPanel(player, run, frame, number) {
  const target = run.name(frame.target);
  const before = (run.targeted.get(frame.target) ?? []).filter(n => n <= number);
  const expected = frame.expected ?? 0;
  const marks = [
    frame.summed ? make("p", {class: "shapes"}, `undoes the broadcast: ${frame.summed}`) : null,
    frame.contributes ? make("p", {class: "formula adds"}, frame.contributes) : null,
    make("p", {class: "sum"}, make("b", {class: "sigma"}, "Σ"),
      ` ${frame.arrived ?? 0} of ${count(expected, "contribution")} arrived at ${target}`),
  ];
  const arrows = make("div", {class: "views"},
    secret(player, run, run.view(frame.upstream), `upstream ${run.partial(frame.vertex)}`,
      run.targeted.get(frame.vertex) ?? [], {key: "upstream"}),
    secret(player, run, run.view(frame.contribution), `contributes to ${run.partial(frame.target)}`, [number],
      {key: "contribution", wrong: frame.agrees === false}),
    numeric(player, run, frame, number),
    expected > 1 ? secret(player, run, run.view(frame.partial),
      `${run.partial(frame.target)} so far`, before, {key: "partial"}) : null);
  const way = `${run.op(frame.vertex)} → ${target}`;
  return [make("h2", {}, "Backward: ", make("b", {}, way)), ...formula(frame),
    ...marks, player.quiz ? player.ask(run, number) : null, arrows,
    routing(player, run, frame, number)];
}

function numeric(player, run, frame, number) {
  if (frame.numeric === undefined) return null;
  const agrees = frame.agrees !== false;
  const note = make("p", {class: agrees ? "agrees" : "bad"},
    agrees ? "✓ agrees with the formula" : "✗ disagrees with the formula");
  return secret(player, run, run.view(frame.numeric), "by finite differences", [number],
    {key: "numeric", wrong: !agrees, note});
}

function routing(player, run, frame, number) {
  const route = frame.routing;
  if (!route) return null;
  const title = {mask: "mask (1 passes)", ties: "shares", softmax: "p − onehot", index: "index",
    subgradient: "subgradient"}[route.kind] ?? route.kind;
  return make("div", {class: "routing", "data-routing": route.kind},
    make("p", {}, make("b", {}, "Routing: "), route.text),
    route.view === null || route.view === undefined ? null
      : secret(player, run, run.view(route.view), title, [number], {key: "routing"}));
}

// ------------------------------------------------------------------------ the node

function nodePanel(player, run, id, pinned) {
  const vertex = run.byId.get(id);
  if (!vertex) return [make("p", {class: "quiet"}, "Select a node.")];
  const what = [vertex.kind, vertex.shape ? shapeText(vertex.shape) : "", vertex.dtype];
  const bad = vertex.bad || (run.view(vertex.value) && broken(run.view(vertex.value)));
  const shown = run.hasValue(vertex, player.now) === "yes";
  return [
    make("h2", {}, "Node: ", make("b", {}, vertex.label), " ",
      vertex.label.includes(run.name(id)) ? null : `${run.name(id)} `,
      make("span", {class: "quiet"}, what.filter(Boolean).join(" ")),
      pinned ? make("button", {type: "button", class: "small", onclick: () => player.pick(null),
        title: "Show the node of each step again (Escape)"}, "Follow") : null),
    vertex.line ? make("code", {class: "line"}, vertex.line) : null,
    bad && shown ? badLine(run, vertex) : null,
    make("div", {class: "views"}, valueOf(player, run, vertex), gradientOf(player, run, vertex)),
  ];
}

function badLine(run, vertex) {
  if (vertex.bad) return make("p", {class: "bad"}, `The first op that made ${vertex.bad}.`);
  if (!run.firstBad) return null;
  return make("p", {class: "bad"}, `${run.firstBad.bad} was first made by ${run.firstBad.label}` +
    (run.firstBad.line ? ` (${run.firstBad.line})` : ""));
}

function plain(title, text, key) {
  return make("figure", {class: "view", "data-view": key},
    make("figcaption", {}, make("b", {}, title)), make("p", {class: "quiet"}, text));
}

function valueOf(player, run, vertex) {
  const state = run.hasValue(vertex, player.now);
  if (state !== "yes") return plain("value", state === "later" ? "not computed yet" : "it failed", "value");
  const view = run.view(vertex.value ?? run.byId.get(vertex.same)?.value);
  return card(view, "value", {key: "value", full: true});
}

function gradientOf(player, run, vertex) {
  const known = run.gradient(vertex, player.now);
  const words = {later: "not computed yet", data: "data gets no gradient", none: "no gradient came here"};
  if (words[known.state]) return plain("gradient", words[known.state], "grad");
  const partial = known.state === "partial";
  const arrived = known.expected > 1 || partial
    ? make("p", {class: "sum"}, make("b", {class: "sigma"}, "Σ"),
      ` ${known.arrived} of ${count(known.expected, "contribution")} arrived`) : null;
  const title = partial ? "gradient so far" : known.state === "seed" ? "gradient (the seed)" : "gradient";
  const cards = [secret(player, run, known.view, title, known.frames,
    {key: "grad", full: true, note: arrived})];
  const before = run.view(run.before[vertex.id]);
  const accumulates = Object.keys(run.before).length > 0 || player.two;
  if (accumulates && known.state === "done" && vertex.kind !== "op") {
    cards.push(before ? secret(player, run, before, ".grad before", [], {key: "before"})
      : plain(".grad before", "None", "before"));
    const after = before ? added(before, known.view) : known.view;
    if (after) cards.push(secret(player, run, after, ".grad after", known.frames, {key: "after"}));
  }
  return cards;
}

// ------------------------------------------------------------------------ the rest

function queueStrip(player, run) {
  const queue = run.frameAt(player.now)?.queue ?? [];
  if (!run.frameAt(player.now)?.back) return [make("span", {class: "quiet"}, "Queue: not begun")];
  if (!queue.length) return [make("span", {class: "quiet"}, "Queue: empty")];
  const shown = queue.slice(0, 12);
  return [make("span", {class: "quiet"}, "Queue: "), ...shown.map(id =>
    make("button", {type: "button", class: "chip", "data-queued": id, onclick: () => player.pick(id)}, run.label(id))),
  queue.length > shown.length ? make("span", {class: "quiet"}, `and ${queue.length - shown.length} more`) : null]
    .filter(Boolean);
}

function sentence(run, number) {
  const frame = run.frameAt(number);
  if (!frame) return run.failure ? `${run.failure.op} failed: ${run.failure.message}` : "No step.";
  const end = run.failure && number >= run.frames.length - 1
    ? ` Then ${run.failure.op} failed: ${run.failure.message}` : "";
  const place = `Frame ${run.frames.indexOf(frame) + 1} of ${run.frames.length}, ${frame.phase}:`;
  if (!frame.back) return `${place} ${run.op(frame.vertex)} runs. ${frame.formula ?? ""}${end}`;
  return `${place} ${run.op(frame.vertex)} sends its gradient to ${run.name(frame.target)}. ` +
    `${frame.formula ?? ""}. ${frame.arrived ?? 0} of ${count(frame.expected ?? 0, "contribution")} arrived.` +
    (frame.agrees === false ? " Finite differences disagree." : "");
}

function inWords(view) {
  if (!view) return "";
  return view.numbers && view.numbers.length <= 12
    ? view.numbers.map(value => value === null ? badWord(view) : spell(value)).join(", ") : brief(view);
}

// Every frame in one table, for paper.
function allFrames(player, run) {
  const head = ["", "phase", "op", "formula", "shapes", "to", "Σ", "numbers"];
  const rows = run.frames.map((frame, number) => {
    const covered = player.quiz && frame.back && !run.opened.has(number);
    const view = run.view(frame.back ? frame.contribution : run.byId.get(frame.vertex)?.value);
    const cells = [number + 1, frame.phase, run.op(frame.vertex), frame.formula ?? "",
      frame.shapes ?? "", frame.back ? run.name(frame.target) : "",
      frame.back ? `${frame.arrived ?? 0}/${frame.expected ?? 0}` : "",
      covered ? "hidden" : inWords(view)];
    return make("tr", {}, cells.map(text => make("td", {}, String(text))));
  });
  return [make("h2", {}, `All frames: ${run.title}`), make("table", {},
    make("thead", {}, make("tr", {}, head.map(text => make("th", {}, text)))),
    make("tbody", {}, rows))];
}
