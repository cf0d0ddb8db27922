// timeline_paint.js - colours and patterns, and the drawing of lanes, axis and concurrency. No meaning by colour alone:
// each kind has a pattern of its own.

const PATTERNS = {
  none: () => {},
  cross: (context) => { line(context, 0, 0, 8, 8); line(context, 8, 0, 0, 8); },
  diagonal: (context) => { line(context, -2, 6, 2, 10); line(context, 0, 8, 8, 0); line(context, 6, 10, 10, 6); line(context, -2, 2, 2, -2); },
  stripes: (context) => { line(context, 2, 0, 2, 8); line(context, 6, 0, 6, 8); },
  dots: (context) => { context.fillRect(1, 1, 2, 2); context.fillRect(5, 5, 2, 2); },
  sparse: (context) => line(context, 0, 8, 8, 0),
};

/** kind -> [CSS colour, pattern, title in the legend] */
const LOOKS = {
  wait: ["--wait", "sparse", "waits for an account"],
  deploy: ["--deploy", "diagonal", "deploys a stack"],
  deployFailed: ["--fail", "diagonal", "deploy failed"],
  passed: ["--pass", "none", "suite passed"],
  bad: ["--fail", "cross", "failed, error, timeout"],
  infra: ["--infra", "dots", "infra"],
  other: ["--warn", "none", "skipped, cancelled, lost"],
  retry: ["--pass", "stripes", "retry"],
};

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function lookOf(segment) {
  if (segment.kind === "wait") {
    return "wait";
  }
  if (segment.kind === "deploy") {
    return segment.isOk || segment.isOpen ? "deploy" : "deployFailed";
  }
  const { outcome } = segment;
  if (outcome === "passed") {
    return segment.number > 1 ? "retry" : "passed";
  }
  return outcome === "infra" ? "infra" : ["failed", "error", "timeout"].includes(outcome) ? "bad" : "other";
}

class Painter {
  constructor() {
    this.refresh();
  }

  /** After the colours of the system changed. */
  refresh() {
    const style = getComputedStyle(document.documentElement);
    this.colour = (name) => style.getPropertyValue(name).trim();
    this.fills = {};
    for (const [look, [colour, pattern]] of Object.entries(LOOKS)) {
      this.fills[look] = this.pattern(this.colour(colour), pattern);
    }
  }

  pattern(colour, name) {
    if (name === "none") {
      return colour;
    }
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const context = tile.getContext("2d");
    context.fillStyle = colour;
    context.globalAlpha = name === "sparse" ? 0.22 : 1;
    context.fillRect(0, 0, 8, 8);
    context.globalAlpha = name === "sparse" ? 0.7 : 0.5;
    context.strokeStyle = context.fillStyle = name === "sparse" ? colour : this.colour("--paper");
    context.lineWidth = 1.2;
    PATTERNS[name](context);
    return context.createPattern(tile, "repeat");
  }

  swatch(look) {
    const canvas = make("canvas", { width: 28, height: 12, "aria-hidden": "true" });
    const context = canvas.getContext("2d");
    context.fillStyle = this.fills[look];
    context.fillRect(0, 0, 28, 12);
    return canvas;
  }
}

/** A canvas of this size in CSS pixels, sharp on any screen, cleared. */
function prepare(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 15000, 30000, 60000, 120000, 300000, 600000,
  1200000, 3600000, 7200000];

function tickStep(span, room) {
  return STEPS.find((step) => (step / span) * room >= 70) || 14400000;
}

function paintTicks(context, painter, view, height) {
  const step = tickStep(view.to - view.from, view.width);
  context.font = "11px system-ui, sans-serif";
  context.lineWidth = 1;
  for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
    const x = Math.round(view.x(at)) + 0.5;
    context.strokeStyle = painter.colour("--line");
    line(context, x, 16, x, height);
    context.fillStyle = painter.colour("--dim");
    context.fillText(at === 0 ? "0" : duration(at), Math.min(x + 3, view.left + view.width - 34), 12);
  }
}

/** The outline of one count over time, down to `floor`: one shape, so that no seams show. */
function fillSteps(context, view, points, heightOf, floor) {
  const right = view.left + view.width;
  const clamp = (x) => Math.max(view.left, Math.min(right, x));
  let y = floor;
  context.beginPath();
  context.moveTo(view.left, floor);
  for (const point of points) {
    const x = clamp(view.x(point[0]));
    context.lineTo(x, y);
    y = heightOf(point);
    context.lineTo(x, y);
  }
  context.lineTo(clamp(view.x(points[points.length - 1][0])), floor);
  context.fill();
}

/** How many ran at once; deploys stand on top of suites. */
function paintConcurrency(context, painter, view, points, top, bottom) {
  if (points.length === 0) {
    return;
  }
  const most = points.reduce((max, [, attempts, deploys]) => Math.max(max, attempts + deploys), 1);
  const y = (number) => bottom - (number / most) * (bottom - top);
  context.fillStyle = painter.colour("--deploy");
  fillSteps(context, view, points, ([, attempts, deploys]) => y(attempts + deploys), bottom);
  context.fillStyle = painter.colour("--pass");
  fillSteps(context, view, points, ([, attempts]) => y(attempts), bottom);
  context.fillStyle = painter.colour("--dim");
  context.fillText(`${most} at once`, view.left > 60 ? 4 : view.left + view.width - 70, top + 10);
}

/** A vertical line over everything: the lower bound, the prediction, the end. */
function paintMark(context, painter, view, at, height, { dash, colour, title }) {
  const x = Math.round(view.x(at)) + 0.5;
  if (x < view.left || x > view.left + view.width) {
    return;
  }
  context.save();
  context.strokeStyle = painter.colour(colour);
  context.lineWidth = 1.5;
  context.setLineDash(dash);
  line(context, x, 0, x, height);
  context.setLineDash([]);
  if (title) {
    const width = context.measureText(title).width + 6;
    const left = Math.min(x, view.left + view.width - width);
    context.fillStyle = painter.colour("--paper");
    context.fillRect(left + 1, 18, width, 14);
    context.fillStyle = painter.colour(colour);
    context.fillText(title, left + 4, 29);
  }
  context.restore();
}

/** One lane in a row of this height: deploys above, waits and suites below. */
function paintLane(context, painter, view, lane, y, height, { chosen, onPath }) {
  context.globalAlpha = 0.5;
  context.fillStyle = painter.colour("--line");
  context.fillRect(0, y, view.left + view.width, 1);
  context.globalAlpha = 1;
  context.fillStyle = painter.colour("--dim");
  context.fillText(view.left > 60 && lane.account ? `${lane.number}  ${lane.account}` : String(lane.number), 4, y + height - 5);
  for (const segment of lane.segments) {
    const from = Math.max(view.left, view.x(segment.start));
    const to = Math.min(view.left + view.width, Math.max(view.x(segment.end), view.x(segment.start) + 1.5));
    if (to <= from) {
      continue;
    }
    context.globalAlpha = chosen === null || (segment.suite && chosen.has(segment.suite)) ? 1 : 0.22;
    context.fillStyle = painter.fills[lookOf(segment)];
    if (segment.kind === "deploy") {
      const room = 6 / lane.deployLines;
      context.fillRect(from, y + 2 + segment.line * room, to - from, Math.max(1, room - (lane.deployLines > 1 ? 0.5 : 0)));
    } else {
      context.fillRect(from, y + 9, Math.max(1, to - from - 0.75), height - 11);
    }
    if (onPath.has(segment)) {
      context.globalAlpha = 1;
      context.fillStyle = painter.colour("--ink");
      context.fillRect(from, y + height - 2, to - from, 2);
    }
  }
  context.globalAlpha = 1;
}
