"""The page of a race: its style and its program, filled in by `race`."""

STYLE = """
:root { color-scheme: light; --ground: #ffffff; --panel: #f6f7f9; --text: #1a1a1a;
  --quiet: #555b66; --line: #b9c0cb; --button: #e4e8ee; LIGHT }
@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) { DARK } }
:root[data-theme=dark] { DARK }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 12px 16px; background: var(--ground);
  color: var(--text); font: 16px/1.4 system-ui, -apple-system, "Segoe UI", "DejaVu Sans",
  sans-serif; }
header { display: flex; align-items: start; gap: 12px; }
header div { flex: 1; min-width: 0; }
h1 { font-size: 1.25rem; margin: 0; }
p { margin: 2px 0 8px; color: var(--quiet); overflow-wrap: anywhere; }
.views { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px),
  1fr)); }
svg { display: block; width: 100%; height: auto; background: var(--panel); border-radius: 8px; }
svg text { fill: var(--text); font-size: 15px; }
.contour { fill: none; stroke: var(--line); stroke-width: 1; }
.graph { fill: none; stroke: var(--quiet); stroke-width: 1.6; }
.frame { fill: none; stroke: var(--quiet); }
.tick { stroke: var(--line); stroke-dasharray: 2 4; }
.path { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.head { stroke: var(--panel); stroke-width: 1.5; }
.minimum { fill: none; stroke: var(--text); stroke-width: 2; }
.now { stroke: var(--text); stroke-width: 1.2; }
.controls { position: sticky; bottom: 0; display: flex; flex-wrap: wrap; align-items: center;
  gap: 8px; padding: 10px 0; background: var(--ground); }
.controls input { flex: 1 1 160px; min-width: 120px; accent-color: #0072b2; }
button, select { font: inherit; min-height: 36px; min-width: 40px; padding: 2px 10px;
  color: inherit; background: var(--button); border: 1px solid var(--line);
  border-radius: 6px; cursor: pointer; }
:focus-visible { outline: 3px solid #0072b2; outline-offset: 1px; }
output { min-width: 8.5em; font-variant-numeric: tabular-nums; }
.results { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid
  var(--line); }
th:first-child, td:first-child { text-align: left; }
td svg { display: inline-block; width: 20px; height: 20px; background: none;
  vertical-align: -4px; margin-right: 8px; }
@media (max-width: 520px) { table { font-size: 0.82rem; } th, td { padding: 3px 5px; }
  .views svg text { font-size: 18px; } h1 { font-size: 1.1rem; } }
kbd { padding: 0 5px; border: 1px solid var(--line); border-radius: 4px; font-size: 0.85em; }
"""

LIGHT = ""
DARK = """color-scheme: dark; --ground: #14171c; --panel: #1d222a; --text: #eef0f3;
  --quiet: #aab2bf; --line: #4a5361; --button: #2a313c; """

PROGRAM = """
"use strict";
const race = JSON.parse(document.getElementById("data").textContent);
const find = id => document.getElementById(id);
const slider = find("slider"), play = find("play"), speed = find("speed"), told = find("told");
const last = race.steps.length - 1, SECONDS = 8;
let at = last, timer = null, before = 0;

function show(frame) {
  at = Math.max(0, Math.min(last, frame));
  const k = Math.floor(at);
  race.traces.forEach((t, i) => {
    const n = Math.min(k, t.map.length - 1);
    for (const view of ["map", "loss"]) {
      const points = t[view].slice(0, n + 1);
      find(`${view}-path-${i}`).setAttribute("points", points.join(" "));
      find(`${view}-head-${i}`).setAttribute("transform", `translate(${t[view][n].join(" ")})`);
    }
    t.numbers[n].forEach((text, j) => { find(`cell-${i}-${j}`).textContent = text; });
  });
  const x = race.cursor[k];
  find("now").setAttribute("x1", x);
  find("now").setAttribute("x2", x);
  slider.value = k;
  slider.setAttribute("aria-valuetext", `step ${race.steps[k]} of ${race.steps[last]}`);
  told.textContent = `step ${race.steps[k]} of ${race.steps[last]}`;
}
function tick(time) {
  if (timer === null) return;
  const passed = before ? time - before : 0;
  before = time;
  show(at + passed / 1000 * Math.max(last, 1) / SECONDS * Number(speed.value));
  if (at >= last) stop(); else timer = requestAnimationFrame(tick);
}
function start() {
  if (at >= last) show(0);
  play.textContent = "Pause";
  before = 0;
  timer = requestAnimationFrame(tick);
}
function stop() {
  if (timer !== null) cancelAnimationFrame(timer);
  timer = null;
  play.textContent = "Play";
}
function move(frame) { stop(); show(frame); }
function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}
play.onclick = () => timer === null ? start() : stop();
find("back").onclick = () => move(Math.floor(at) - 1);
find("forward").onclick = () => move(Math.floor(at) + 1);
find("theme").onclick = theme;
slider.oninput = () => move(Number(slider.value));
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === speed) return;
  if (event.key === " " && event.target.tagName === "BUTTON") return;
  const keys = {
    " ": () => play.onclick(),
    ArrowLeft: () => move(Math.floor(at) - 1),
    ArrowRight: () => move(Math.floor(at) + 1),
    Home: () => move(0),
    End: () => move(last),
    d: theme,
  };
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});
show(last);
"""

CONTROLS = """
<div class="controls">
<button id="play" type="button">Play</button>
<button id="back" type="button" aria-label="one step back">&#9664;&#xfe0e;</button>
<button id="forward" type="button" aria-label="one step forward">&#9654;&#xfe0e;</button>
<input id="slider" type="range" min="0" max="{last}" value="{last}" aria-label="step">
<output id="told">step {steps} of {steps}</output>
<select id="speed" aria-label="speed"><option value="0.25">&frac14; speed</option>
<option value="0.5">&frac12; speed</option><option value="1" selected>1&times; speed</option>
<option value="2">2&times; speed</option></select>
</div>
"""

KEYS = """<p><kbd>Space</kbd> plays and pauses, <kbd>&larr;</kbd> <kbd>&rarr;</kbd> go one step,
<kbd>Home</kbd> <kbd>End</kbd> to start and end, <kbd>D</kbd> turns the light on and off.</p>"""
