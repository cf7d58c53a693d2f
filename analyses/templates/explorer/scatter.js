// The Moran scatter plot: own value against that of the neighbours, both standardised. A rectangle
// drawn in it selects cities everywhere.

const scatterCanvas = byId("scatter");
const scatterBox = byId("scatter-box");
const plot = { width: 0, height: 0, left: 44, right: 12, top: 12, bottom: 38 };
const QUADRANTS = ["high_high", "low_high", "low_low", "high_low"];
const PLAIN_POINT = "#5c7690";
let scatterBand = null;
let scatterPress = null;

function shownMoran() {
  return moranOf(shownVariable(), state.column);
}

function resizeScatter() {
  const dots = Math.min(2, window.devicePixelRatio || 1);
  plot.width = scatterBox.clientWidth;
  plot.height = scatterBox.clientHeight;
  scatterCanvas.width = Math.round(plot.width * dots);
  scatterCanvas.height = Math.round(plot.height * dots);
  plot.dots = dots;
  changed("size");
}

// Limits of both axes with a margin, zero always inside.
function plotLimits(moran) {
  const limits = [moran.z, moran.lag].map((numbers) => {
    let low = 0, high = 0;
    for (const one of numbers) {
      if (Number.isNaN(one)) continue;
      low = Math.min(low, one);
      high = Math.max(high, one);
    }
    const margin = 0.06 * (high - low || 1);
    return [low - margin, high + margin];
  });
  return { x: limits[0], y: limits[1] };
}

function plotScales(moran) {
  const { x, y } = (moran.limits ??= plotLimits(moran));
  const wide = plot.width - plot.left - plot.right, high = plot.height - plot.top - plot.bottom;
  return {
    x: (value) => plot.left + ((value - x[0]) / (x[1] - x[0])) * wide,
    y: (value) => plot.top + (1 - (value - y[0]) / (y[1] - y[0])) * high,
    limits: { x, y },
  };
}

function ticksOf([low, high], most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const ticks = [];
  for (let tick = Math.ceil(low / step); tick * step <= high; tick++) ticks.push(tick * step);
  return { ticks, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// All points are painted on a canvas of their own; pointing at one only adds it on top.
const pointsCanvas = document.createElement("canvas");

function drawScatter(kinds) {
  const moran = shownMoran();
  if (moran.reason || plot.width < 60) return;
  const scales = plotScales(moran);
  if (["shown", "selection", "size"].some((kind) => kinds.has(kind))) {
    pointsCanvas.width = scatterCanvas.width;
    pointsCanvas.height = scatterCanvas.height;
    const points = pointsCanvas.getContext("2d");
    points.setTransform(plot.dots, 0, 0, plot.dots, 0, 0);
    drawAxes(points, scales);
    drawSlope(points, scales, moran.statistic);
    drawPoints(points, scales, moran);
  }
  const context = scatterCanvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, scatterCanvas.width, scatterCanvas.height);
  context.drawImage(pointsCanvas, 0, 0);
  context.setTransform(plot.dots, 0, 0, plot.dots, 0, 0);
  drawMarks(context, scales, moran);
  if (scatterBand) {
    const [x0, y0, x1, y1] = scatterBand;
    context.fillStyle = "rgba(31, 78, 121, 0.12)";
    context.strokeStyle = "#1f4e79";
    context.lineWidth = 1;
    context.setLineDash([5, 3]);
    context.fillRect(x0, y0, x1 - x0, y1 - y0);
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
    context.setLineDash([]);
  }
}

function drawAxes(context, scales) {
  const bottom = plot.height - plot.bottom, right = plot.width - plot.right;
  context.font = NAME_FONT;
  context.fillStyle = "#4d5b6a";
  context.strokeStyle = "#e3e8ed";
  context.lineWidth = 1;
  context.textAlign = "center";
  context.textBaseline = "top";
  const across = ticksOf(scales.limits.x, plot.width / 70);
  const along = (x0, y0, x1, y1) => {
    context.beginPath();
    context.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
    context.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
    context.stroke();
  };
  for (const tick of across.ticks) {
    const x = scales.x(tick);
    along(x, plot.top, x, bottom);
    context.fillText(numberText(tick, across.decimals), x, bottom + 5);
  }
  const upright = ticksOf(scales.limits.y, plot.height / 50);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const tick of upright.ticks) {
    const y = scales.y(tick);
    along(plot.left, y, right, y);
    context.fillText(numberText(tick, upright.decimals), plot.left - 6, y);
  }
  context.strokeStyle = "#8593a1";
  along(scales.x(0), plot.top, scales.x(0), bottom);
  along(plot.left, scales.y(0), right, scales.y(0));
  context.fillStyle = INK;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillText(say("axis_value"), (plot.left + right) / 2, plot.height - 3, right - plot.left);
  context.save();
  context.translate(10, (plot.top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "middle";
  context.fillText(say("axis_lag"), 0, 0, bottom - plot.top);
  context.restore();
}

function drawSlope(context, scales, slope) {
  context.save();
  context.beginPath();
  context.rect(plot.left, plot.top, plot.width - plot.left - plot.right,
    plot.height - plot.top - plot.bottom);
  context.clip();
  const [low, high] = scales.limits.x;
  context.beginPath();
  context.moveTo(scales.x(low), scales.y(slope * low));
  context.lineTo(scales.x(high), scales.y(slope * high));
  context.strokeStyle = INK;
  context.lineWidth = 1.4;
  context.stroke();
  context.restore();
}

function drawPoints(context, scales, moran) {
  const colourOf = pointColours(), radius = POINT_RADIUS;
  const put = stampOn(context, scales, moran);
  if (cityCount > MANY) {
    drawManyPoints(context, scales, moran, colourOf);
    return;
  }
  const marked = [];
  context.globalAlpha = state.selectedCount ? 0.22 : 0.85;
  for (let at = 0; at < cityCount; at++) {
    if (Number.isNaN(moran.lag[at])) continue;
    if (state.selected[at]) marked.push(at); else put(at, discOf(colourOf(at), radius, "#ffffff", 0.6));
  }
  context.globalAlpha = 1;
  for (const at of marked) put(at, discOf(colourOf(at), radius + 0.8, INK, 1.2));
}

// Thousands of points are squares, which browsers draw ten times faster than discs.
const MANY = 1200;
const POINT_RADIUS = cityCount > MANY ? 2.2 : 3.4;

function drawManyPoints(context, scales, moran, colourOf) {
  const size = 3.6, marked = [];
  context.globalAlpha = state.selectedCount ? 0.25 : 0.8;
  let colour = "";
  for (let at = 0; at < cityCount; at++) {
    if (Number.isNaN(moran.lag[at])) continue;
    if (state.selected[at]) {
      marked.push(at);
      continue;
    }
    if (colourOf(at) !== colour) context.fillStyle = colour = colourOf(at);
    context.fillRect(scales.x(moran.z[at]) - size / 2, scales.y(moran.lag[at]) - size / 2, size, size);
  }
  context.globalAlpha = 1;
  for (const [grown, ink] of [[1.4, INK], [0, ""]]) {
    context.fillStyle = ink;
    for (const at of marked) {
      if (!ink) context.fillStyle = colourOf(at);
      const side = size + grown;
      context.fillRect(scales.x(moran.z[at]) - side / 2, scales.y(moran.lag[at]) - side / 2, side, side);
    }
  }
}

// Colour of the point of a city: that of its cluster where clusters are known.
function pointColours() {
  const clusters = clustersOf(shownVariable(), state.column);
  const style = clusters && shownVariable().clusters.style;
  return (at) => {
    const one = clusters && clusters[at] >= 0 ? style.classes[clusters[at]] : null;
    if (!one) return PLAIN_POINT;
    // The pale grey of the map would be lost on the white ground of the plot.
    return one.colour.toLowerCase() === "#eeeeee" ? "#b7c0c9" : one.colour;
  };
}

function stampOn(context, scales, moran) {
  return (at, disc) => {
    const size = disc.width / plot.dots;
    context.drawImage(disc, scales.x(moran.z[at]) - size / 2, scales.y(moran.lag[at]) - size / 2, size, size);
  };
}

function drawMarks(context, scales, moran) {
  const colourOf = pointColours(), put = stampOn(context, scales, moran);
  for (const [at, size] of [[state.hover, POINT_RADIUS + 1], [state.city, POINT_RADIUS + 2]]) {
    if (at < 0 || Number.isNaN(moran.lag[at])) continue;
    put(at, discOf("#ffffff", size + 2, "#ffffff", 1));
    put(at, discOf(colourOf(at), size, INK, 2));
    if (at === state.city) nameBeside(context, scales.x(moran.z[at]), scales.y(moran.lag[at]), at);
  }
}

// A point, drawn once and then stamped: thousands of them cost little.
const discs = new Map();

function discOf(fill, radius, line, width) {
  const key = [fill, radius, line, width, plot.dots].join(" ");
  if (!discs.has(key)) {
    const disc = document.createElement("canvas"), size = Math.ceil(2 * radius + width + 2);
    disc.width = disc.height = size * plot.dots;
    const context = disc.getContext("2d");
    context.scale(plot.dots, plot.dots);
    context.arc(size / 2, size / 2, radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    context.strokeStyle = line;
    context.lineWidth = width;
    context.stroke();
    discs.set(key, disc);
  }
  return discs.get(key);
}

function nameBeside(context, x, y, at) {
  context.font = `600 ${NAME_FONT}`;
  const left = x > plot.width * 0.6;
  context.textAlign = left ? "right" : "left";
  context.textBaseline = "middle";
  context.strokeStyle = "rgba(255, 255, 255, 0.95)";
  context.lineWidth = 4;
  const place = x + (left ? -9 : 9);
  context.strokeText(data.cities.short[at], place, y, 180);
  context.fillStyle = INK;
  context.fillText(data.cities.short[at], place, y, 180);
}

// What the plot says, in words: above it, below it, and for those who do not see it.
function describeScatter() {
  const moran = shownMoran();
  const remark = byId("scatter-remark"), statistic = byId("statistic");
  byId("side").classList.toggle("plain", Boolean(moran.reason));
  scatterBox.hidden = Boolean(moran.reason);
  byId("quadrants").hidden = Boolean(moran.reason);
  remark.hidden = !moran.reason && !moran.isolated;
  if (moran.reason) {
    statistic.textContent = "";
    remark.textContent = moran.reason;
    return;
  }
  const p = shownVariable().p[state.column];
  const words = say("moran", { statistic: numberText(moran.statistic, 3), weights: data.weights.name });
  statistic.textContent = p === null ? words : say("moran_p", { moran: words, p: pText(p) });
  remark.textContent = moran.isolated ? say("isolated", { count: moran.isolated }) : "";
  const groups = QUADRANTS.map(() => []);
  for (let at = 0; at < cityCount; at++) {
    const quadrant = quadrantOf(moran, at);
    if (quadrant >= 0) groups[quadrant].push(at);
  }
  const told = QUADRANTS.map((key, at) => say("quadrant_count", {
    quadrant: say(key), count: numberText(groups[at].length, 0),
  }));
  scatterCanvas.setAttribute("aria-label", say("scatter_label", {
    what: shownTitle(), moran: statistic.textContent, quadrants: told.join(say("comma")),
  }));
  byId("quadrants").replaceChildren(...[0, 2, 1, 3].map((at) => element("button", {
    type: "button",
    class: "quiet small",
    title: say("select_these"),
    onclick: (event) => select(groups[at], event.shiftKey),
  }, told[at])));
}

function pointNear(px, py, reach) {
  const moran = shownMoran();
  if (moran.reason) return -1;
  const scales = plotScales(moran);
  let best = -1, nearest = reach;
  for (let at = 0; at < cityCount; at++) {
    if (Number.isNaN(moran.lag[at])) continue;
    const distance = Math.hypot(scales.x(moran.z[at]) - px, scales.y(moran.lag[at]) - py);
    if (distance < nearest) {
      best = at;
      nearest = distance;
    }
  }
  return best;
}

scatterCanvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  scatterCanvas.setPointerCapture(event.pointerId);
  scatterPress = pointOf(event, scatterCanvas);
});

scatterCanvas.addEventListener("pointermove", (event) => {
  const [x, y] = pointOf(event, scatterCanvas);
  if (!scatterPress) {
    const at = pointNear(x, y, 10);
    hoverCity(at);
    scatterCanvas.title = at < 0 ? "" : [names[at], ...describedLines(at)].join("\n");
    return;
  }
  const [x0, y0] = scatterPress;
  if (scatterBand || Math.hypot(x - x0, y - y0) > CLICK_SLACK) {
    scatterBand = [x0, y0, x, y];
    changed("plot");
  }
});

scatterCanvas.addEventListener("pointerup", (event) => {
  if (!scatterPress) return;
  const [x, y] = pointOf(event, scatterCanvas);
  if (scatterBand) selectInPlot(scatterBand, event.shiftKey || event.ctrlKey || event.metaKey);
  else if (event.shiftKey || event.ctrlKey || event.metaKey) {
    const at = pointNear(x, y, 10);
    if (at >= 0) toggleSelected(at);
  } else chooseCity(pointNear(x, y, 10));
  endScatterBand();
});

scatterCanvas.addEventListener("pointercancel", endScatterBand);
scatterCanvas.addEventListener("pointerleave", () => {
  if (!scatterPress) hoverCity(-1);
});

function endScatterBand() {
  scatterBand = scatterPress = null;
  changed("plot");
}

function selectInPlot([x0, y0, x1, y1], add) {
  const moran = shownMoran();
  if (moran.reason) return;
  const scales = plotScales(moran);
  const inside = (value, one, two) => value >= Math.min(one, two) && value <= Math.max(one, two);
  const found = [];
  for (let at = 0; at < cityCount; at++) {
    if (inside(scales.x(moran.z[at]), x0, x1) && inside(scales.y(moran.lag[at]), y0, y1)) found.push(at);
  }
  select(found, add);
}

listen(["shown"], describeScatter);
listen(["shown", "selection", "city", "hover", "plot", "size"], drawScatter);
