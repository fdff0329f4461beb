// The state, the controls, the keyboard and the quiz.

const source = find("data"), data = JSON.parse(source.textContent);
source.remove();  // the numbers that the quiz hides are not in the document
const runs = data.runs.map(run => new Run(run, data.views));
for (const run of runs) run.locked = data.quiz;
const frames = Math.max(...runs.map(run => run.frames.length)), last = Math.max(0, frames - 1);

const player = {
  now: 0, quiz: data.quiz, selected: null, timer: null, two: runs.length > 1,

  show(number) {
    this.now = Math.min(Math.max(number, 0), last);
    const frame = runs[0].frameAt(this.now);
    document.body.dataset.frame = this.now;
    document.body.dataset.frames = frames;
    document.body.dataset.phase = frame?.phase ?? "forward";
    find("phase").textContent = frame?.phase ?? "";
    find("count").textContent = frames ? `frame ${this.now + 1} of ${frames}` : "no frames";
    find("slider").value = this.now;
    find("slider").setAttribute("aria-valuetext", `frame ${this.now + 1} of ${frames}`);
    find("said").textContent = sentence(runs[0], this.now);
    for (const id of ["first", "back"]) find(id).setAttribute("aria-disabled", this.now === 0);
    for (const id of ["next", "last"]) find(id).setAttribute("aria-disabled", this.now === last);
    this.refresh();
  },

  // Draw again what the frame, the selection or the quiz changes.
  refresh() {
    const frame = runs[0].frameAt(this.now);
    const node = this.selected ?? frame?.target ?? frame?.vertex ?? runs[0].vertices.at(-1)?.id;
    for (const picture of pictures) picture.paint(this.now, node);
    const columns = make => runs.map((run, number) => !player.two ? make(run)
      : [titled(number === 0 ? "first run" : "second run", run), ...make(run)]);
    find("step").replaceChildren(...panes(columns(run => stepPanel(this, run))));
    find("node").replaceChildren(
      ...panes(columns(run => nodePanel(this, run, node, this.selected !== null))));
    find("queue").replaceChildren(...queueStrip(this, runs[0]));
  },

  step(by) { this.pause(); this.show(this.now + by); },

  play() {
    if (this.timer !== null) { this.pause(); return; }
    if (this.now === last) this.show(0);
    find("play").textContent = "⏸ Pause";
    find("play").setAttribute("aria-label", "Pause");
    this.tick();
  },

  tick() {
    this.timer = setTimeout(() => {
      this.show(this.now + 1);
      if (this.now === last) this.pause();
      else this.tick();
    }, 1600 / Number(find("speed").value));
  },

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    find("play").textContent = "▶ Play";
    find("play").setAttribute("aria-label", "Play");
  },

  pick(id) { this.selected = id; this.refresh(); },

  // -------------------------------------------------------------------- the quiz

  setQuiz(on) {
    this.quiz = on || data.quiz;
    find("quiz").setAttribute("aria-pressed", String(this.quiz));
    for (const run of runs) run.opened.clear();
    writeTable();
    this.refresh();
  },

  open(run, numbers) {
    for (const number of numbers) run.opened.add(number);
    writeTable();
    this.refresh();
  },

  ask(run, number) {
    const question = run.questions[number], frame = run.frames[number];
    if (run.opened.has(number)) return make("p", {class: "quiz agrees"}, "✓ answered");
    if (!question) return make("p", {class: "quiz"}, "Too large to ask: step on, or show it.");
    const where = question.index.length ? `element [${question.index.join(", ")}] of ` : "";
    const input = make("input", {type: "text", inputmode: "text", autocomplete: "off", id: "answer",
      "aria-label": "Your answer", size: 10});
    const told = make("output", {id: "verdict", role: "status"});
    const check = event => {
      event.preventDefault();
      const verdict = judge(input.value, run.salt, number, question.hash);
      told.textContent = verdict;
      told.className = verdict.startsWith("Right") ? "agrees" : "bad";
      if (!verdict.startsWith("Right")) return;
      if (run.locked) run.opened.add(number);
      else this.open(run, [number]);
      find("said").textContent = "Right.";
    };
    return make("form", {class: "quiz", onsubmit: check},
      make("label", {for: "answer"}, `What is ${where}the contribution to ${run.partial(frame.target)}? `),
      input, " ", make("button", {type: "submit"}, "Check"), " ", told);
  },
};

// A number as readers write it: 0.25, 1/4, -2.5e-3, 0,25.
function read(text) {
  const clean = text.trim().replace("−", "-").replace(",", "."), parts = clean.split("/");
  if (!clean || parts.length > 2 || parts.some(part => part.trim() === "")) return NaN;
  return parts.map(Number).reduce((a, b) => a / b);
}

// Three significant digits; the neighbours count as well, since 0.1235 may be rounded either way.
function spellings(value) {
  if (value === 0) return ["0"];
  const exponent = Math.floor(Math.log10(Math.abs(value))), unit = 10 ** (exponent - 2);
  return [value, value - unit, value + unit].map(v => v.toExponential(2).replace("e+", "e"));
}

function judge(text, salt, number, hash) {
  const value = read(text);
  if (!Number.isFinite(value)) return "Type a number, such as -0.25 or 1/3.";
  const right = spellings(value).some(spelling => sha256(`${salt}:${number}:${spelling}`) === hash);
  return right ? "Right." : "Wrong: try again, with three significant digits.";
}

// -------------------------------------------------------------------------- the page

const titled = (name, run) => make("h3", {}, `${name}: ${run.title}`);
const panes = columns => columns.map(column => make("div", {class: "pane"}, column));

function writeTable() {
  find("all").replaceChildren(...runs.flatMap(run => allFrames(player, run)));
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  find("theme").textContent = theme === "dark" ? "Light" : "Dark";
  find("theme").setAttribute("aria-label", theme === "dark" ? "Light colours" : "Dark colours");
}

const KEYS = {
  ArrowRight: () => player.step(1), ArrowLeft: () => player.step(-1),
  Home: () => player.step(-frames), End: () => player.step(frames),
  " ": () => player.play(), q: () => player.setQuiz(!player.quiz), Escape: () => player.pick(null),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const on = event.target, tag = on.tagName;
  if ((tag === "INPUT" && on.type === "text") || tag === "SELECT") return;
  if (event.key === " " && tag === "BUTTON") return;  // it presses the button
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

const pictures = [...document.querySelectorAll(".graph")].map((element, number, all) =>
  new Picture(element, all.length > 1 ? [runs[number]] : runs, id => player.pick(id)));
document.body.classList.toggle("two", player.two);
const prefers = matchMedia("(prefers-color-scheme: dark)");
setTheme(prefers.matches ? "dark" : "light");
prefers.addEventListener("change", () => { setTheme(prefers.matches ? "dark" : "light"); player.refresh(); });
const actions = {
  first: KEYS.Home, back: KEYS.ArrowLeft, next: KEYS.ArrowRight, last: KEYS.End, play: KEYS[" "],
  quiz: KEYS.q,
  theme: () => { setTheme(dark() ? "light" : "dark"); player.refresh(); },
};
for (const [id, action] of Object.entries(actions)) find(id).addEventListener("click", action);
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => pictures.forEach(picture => {
    if (button.dataset.zoom === "fit") picture.fitAll();
    else picture.zoom(button.dataset.zoom === "in" ? 1.25 : 0.8);
  }));
}
find("slider").max = last;
find("slider").addEventListener("input", event => { player.pause(); player.show(Number(event.target.value)); });
document.addEventListener("keydown", onKey);
for (const [name, on] of [["beforeprint", true], ["afterprint", false]]) {
  window.addEventListener(name, () => {
    printing = on;
    player.refresh();
    for (const picture of pictures) picture.forPaper(on);
  });
}
if (data.quiz) find("quiz").setAttribute("aria-disabled", "true");
player.setQuiz(data.quiz);
player.show(Number(/^#frame=(\d+)$/.exec(location.hash)?.[1] ?? 0));
