// Arrays: as numbers when they are few, else as a heat map; with their statistics in words.

// Blue is negative, orange positive (Okabe-Ito): told apart with any common colour blindness.
const SCALES = {
  light: {negative: [0, 114, 178], zero: [255, 255, 255], positive: [213, 94, 0]},
  dark: {negative: [86, 180, 233], zero: [22, 26, 32], positive: [255, 140, 50]},
};
const BAD = [204, 0, 0];  // NaN and infinities

let printing = false;
const dark = () => !printing && document.documentElement.dataset.theme === "dark";

function colour(value, largest) {
  if (value === null) return BAD;
  const scale = SCALES[dark() ? "dark" : "light"];
  const part = largest ? Math.max(-1, Math.min(1, value / largest)) : 0;
  const end = part < 0 ? scale.negative : scale.positive;
  return scale.zero.map((channel, i) => Math.round(channel + (end[i] - channel) * Math.abs(part)));
}

const largestOf = view => Math.max(Math.abs(view.low ?? 0), Math.abs(view.high ?? 0));
const broken = view => (view.nans ?? 0) + (view.infs ?? 0) > 0;

function badWord(view) {
  return !view.infs ? "NaN" : !view.nans ? "inf" : "NaN/inf";
}

// A picture with its title: what the panels are made of; `full` adds all statistics.
function card(view, title, options = {}) {
  const {note = null, wrong = false, key = null} = options;
  const what = view ? `${shapeText(view.shape)} ${view.dtype}` : "";
  const classes = ["view", view?.blocks ? "map" : "", wrong ? "wrong" : ""];
  return make("figure", {class: classes.filter(Boolean).join(" "), "data-view": key},
    make("figcaption", {}, make("b", {}, title), " ", make("span", {class: "quiet"}, what)),
    view ? array(view, title, !options.full) : make("p", {class: "quiet"}, "not kept"),
    view && options.full ? statistics(view) : null, note);
}

function array(view, title, short) {
  if (view.numbers) return numbers(view, title);
  if (view.blocks) {
    return [heatMap(view, title), legend(view),
      short ? make("p", {class: "stats"}, brief(view)) : null];
  }
  return make("p", {class: "quiet"}, "not shown");
}

// A vector wraps; a matrix keeps its columns, with leading axes as groups of rows.
function numbers(view, title) {
  if (!view.numbers.length) return make("p", {class: "quiet"}, "empty");
  const cells = view.numbers.map(value => cell(value, view));
  if (view.shape.length < 2) {
    return make("div", {class: "vector", role: "img", "aria-label": said(view, title)}, cells);
  }
  const columns = view.shape[view.shape.length - 1], table = make("table", {class: "matrix"});
  table.setAttribute("aria-label", title);
  for (let at = 0; at < cells.length; at += columns) {
    const row = make("tr", {}, cells.slice(at, at + columns).map(c => make("td", {}, c)));
    const plane = view.shape[view.shape.length - 2];
    if (at && view.shape.length > 2 && (at / columns) % plane === 0) row.className = "plane";
    table.append(row);
  }
  return make("div", {class: "scroll"}, table);
}

function cell(value, view) {
  // One number has nothing to be compared with, and whole numbers are labels or an index.
  const tinted = view.numbers.length > 1 && view.dtype.startsWith("float");
  const [r, g, b] = colour(value, tinted ? largestOf(view) : 0);
  const ink = 0.299 * r + 0.587 * g + 0.114 * b > 128 ? "#000" : "#fff";
  const text = value === null ? badWord(view) : spell(value);
  return make("span", {
    class: value === null ? "number bad" : "number",
    style: `background: rgb(${r}, ${g}, ${b}); color: ${ink}`,
    "data-value": value === null ? text : String(value),
    title: value === null ? null : String(value),
  }, text);
}

function heatMap(view, title) {
  const rows = view.blocks.length, columns = view.blocks[0]?.length ?? 0;
  const canvas = make("canvas", {width: columns, height: rows, role: "img",
    "aria-label": said(view, title)});
  const size = Math.max(4, Math.min(14, Math.floor(160 / Math.max(columns, rows))));
  canvas.style.width = `${columns * size}px`;
  if (rows * size >= 14) canvas.style.aspectRatio = `${columns} / ${rows}`;
  else canvas.style.height = "14px";  // a row of many columns
  const context = canvas.getContext("2d"), largest = largestOf(view);
  view.blocks.forEach((row, y) => row.forEach((value, x) => {
    context.fillStyle = `rgb(${colour(value, largest)})`;
    context.fillRect(x, y, 1, 1);
  }));
  return canvas;
}

function legend(view) {
  const largest = largestOf(view), stops = [-1, 0, 1].map(part => `rgb(${colour(part, 1)})`);
  return make("div", {class: "legend", "aria-hidden": "true"},
    make("span", {}, spell(-largest)),
    make("i", {style: `background: linear-gradient(to right, ${stops.join(", ")})`}),
    make("span", {}, spell(largest)));
}

function brief(view) {
  if (view.low === undefined) return broken(view) ? `all ${badWord(view)}` : "empty";
  return `min ${spell(view.low)}, mean ${spell(view.mean)}, max ${spell(view.high)}`;
}

function said(view, title) {
  const few = view.numbers && view.numbers.length <= 8;
  const what = few ? view.numbers.map(value => value === null ? badWord(view) : spell(value)).join(", ")
    : brief(view);
  return `${title} ${shapeText(view.shape)}: ${what}`;
}

// The numbers about an array, each under its name.
function statistics(view) {
  const rows = [["min", view.low], ["mean", view.mean], ["max", view.high], ["norm", view.norm]]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, spell(value)]);
  rows.push(["zeros", `${spell(100 * (view.zeros ?? 0))} %`]);
  const list = make("dl", {class: "statistics"}, rows.map(([name, text]) =>
    make("div", {"data-stat": name}, make("dt", {}, name), make("dd", {}, text))));
  if (!broken(view)) return list;
  const found = [view.nans ? count(view.nans, "NaN") : "", view.infs ? `${view.infs} inf` : ""];
  return [list, make("p", {class: "bad"}, found.filter(Boolean).join(", "))];
}

// The sum of what was there and what came, where both are shown in the same way.
function added(one, other) {
  if (!one || !other || one.shape.join() !== other.shape.join()) return null;
  const sum = (a, b) => (a === null || b === null ? null : Number((a + b).toPrecision(6)));
  const flat = one.numbers && other.numbers
    ? one.numbers.map((value, i) => sum(value, other.numbers[i])) : null;
  const blocks = !flat && one.blocks && other.blocks
    ? one.blocks.map((row, y) => row.map((value, x) => sum(value, other.blocks[y][x]))) : null;
  const finite = (flat ?? blocks?.flat() ?? []).filter(value => value !== null);
  if (!finite.length) return null;
  return {shape: one.shape, dtype: other.dtype, numbers: flat, blocks,
    low: Math.min(...finite), high: Math.max(...finite),
    mean: finite.reduce((a, b) => a + b) / finite.length};
}
