// Drawing the map: areas and circles by class, links by strength, names; and above it, on a canvas
// of its own that is cheap to draw again, what is chosen and pointed at.

const INK = "#1d2733";
const QUIET_FILL = "#ececea";
const QUIET_LINE = "#ffffff";
const SENT_COLOUR = "#b3261e";
const RECEIVED_COLOUR = "#1f4e79";
const POINT_MM = 2.4;
const MOST_NAMES = 45;

const allShapes = joinedPaths(shapes);
const NAME_FONT = `11px ${getComputedStyle(document.body).fontFamily}`;
const byRank = data.cities.rank.length
  ? [...data.cities.rank.keys()].filter((at) => data.cities.rank[at] !== null)
    .sort((a, b) => data.cities.rank[b] - data.cities.rank[a])
  : [...Array(cityCount).keys()];

// Areas of each class as one path; the last few are kept, so that years play smoothly.
const classPaths = new Map();

function pathsByClass(classes, count) {
  if (!classPaths.has(classes)) {
    const paths = Array.from({ length: count }, () => new Path2D());
    classes.forEach((position, at) => {
      if (position >= 0 && !shapes[at].empty) paths[position].addPath(shapes[at].path);
    });
    classPaths.set(classes, paths);
    if (classPaths.size > 40) classPaths.delete(classPaths.keys().next().value);
  }
  return classPaths.get(classes);
}

// Radius of the circle of a city in the shown style, 0 where it is an area.
function circleRadius(at) {
  const style = shownStyle();
  if (style.geometry !== "point" && !shapes[at].empty) return 0;
  const position = shownClasses()[at];
  if (position < 0) return 0;
  return (symbolFactor() * (style.classes[position].size || POINT_MM)) / 2;
}

function toScreen(context) {
  context.setTransform(view.dots, 0, 0, view.dots, 0, 0);
}

function toMap(context) {
  const { scale, x, y, dots } = view;
  context.setTransform(dots * scale, 0, 0, dots * scale, dots * x, dots * y);
}

function drawBase() {
  const context = baseCanvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, baseCanvas.width, baseCanvas.height);
  toMap(context);
  drawContext(context);
  const style = shownStyle(), classes = shownClasses();
  if (style.geometry === "point") drawQuietAreas(context); else drawAreas(context, style, classes);
  drawFrames(context);
  drawLinks(context);
  drawCircles(context, style, classes);
  drawScale();
}

function drawContext(context) {
  const style = data.map.contextStyle;
  if (!style) return;
  drawContextPath(context, contextPath, style);
  for (const frame of data.map.frames) {
    const [left, top, right, bottom] = frame.box;
    context.fillStyle = "#ffffff";
    context.fillRect(left, top, right - left, bottom - top);
    drawContextPath(context, frame.path, style);
  }
}

function drawContextPath(context, path, style) {
  context.fillStyle = style.classes[0].colour;
  context.fill(path);
  context.strokeStyle = style.outline.colour;
  context.lineWidth = Math.max(0.6, style.outline.width * symbolFactor()) / view.scale;
  context.lineJoin = "round";
  context.stroke(path);
}

function drawAreas(context, style, classes) {
  const paths = pathsByClass(classes, style.classes.length);
  context.globalAlpha = style.opacity;
  style.classes.forEach((one, position) => {
    context.fillStyle = one.colour;
    context.fill(paths[position]);
    if (one.hatch) {
      context.fillStyle = hatching(context, one.hatch);
      context.fill(paths[position]);
    }
  });
  context.globalAlpha = 1;
  context.strokeStyle = style.outline.colour;
  context.lineWidth = Math.max(0.35, style.outline.width * symbolFactor()) / view.scale;
  context.lineJoin = "round";
  context.stroke(allShapes);
}

function drawQuietAreas(context) {
  context.fillStyle = QUIET_FILL;
  context.fill(allShapes);
  context.strokeStyle = data.map.contextStyle ? "#d5d5d0" : "#c9c9c4";
  context.lineWidth = 0.5 / view.scale;
  context.stroke(allShapes);
}

// Diagonal lines, the same width on the screen at every scale.
let hatchTile = null;

function hatching(context, colour) {
  if (!hatchTile) {
    hatchTile = document.createElement("canvas");
    hatchTile.width = hatchTile.height = 6;
    const tile = hatchTile.getContext("2d");
    tile.strokeStyle = colour;
    tile.lineWidth = 1;
    tile.beginPath();
    for (const start of [-6, 0, 6]) {
      tile.moveTo(start - 1, 7);
      tile.lineTo(start + 7, -1);
    }
    tile.stroke();
  }
  const pattern = context.createPattern(hatchTile, "repeat");
  pattern.setTransform(new DOMMatrix([1 / view.scale, 0, 0, 1 / view.scale, 0, 0]));
  return pattern;
}

function drawFrames(context) {
  context.strokeStyle = "#9aa5b1";
  context.lineWidth = 1 / view.scale;
  for (const frame of data.map.frames) {
    const [left, top, right, bottom] = frame.box;
    context.strokeRect(left, top, right - left, bottom - top);
  }
  toScreen(context);
  context.fillStyle = "#4d5b6a";
  context.font = NAME_FONT;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  for (const { box, title } of data.map.frames) {
    if (!title) continue;
    const x = view.scale * ((box[0] + box[2]) / 2) + view.x;
    context.fillText(title, x, view.scale * box[3] + view.y - 4);
  }
  toMap(context);
}

function drawLinks(context) {
  const network = data.networks[state.network];
  if (!network) return;
  network.byClass ??= linksByClass(network);
  context.lineCap = "round";
  context.lineJoin = "round";
  const faint = state.city >= 0 || state.selectedCount > 0;
  context.globalAlpha = faint ? 0.16 : network.style.opacity;
  network.style.classes.forEach((one, position) => {
    context.strokeStyle = one.colour;
    context.lineWidth = Math.max(0.5, (one.size || 0.2) * symbolFactor()) / view.scale;
    context.stroke(network.byClass[position]);
  });
  context.globalAlpha = 1;
}

function linksByClass(network) {
  const paths = network.style.classes.map(() => new Path2D());
  network.paths.forEach((path, at) => paths[network.classes[at]].addPath(path));
  return paths;
}

function drawCircles(context, style, classes) {
  toScreen(context);
  const positions = [...style.classes.keys()];
  if (style.order === "descending") positions.reverse();
  const byClass = style.classes.map(() => []);
  const circles = style.geometry === "point";
  classes.forEach((position, at) => {
    if (position >= 0 && (circles || shapes[at].empty)) byClass[position].push(at);
  });
  context.lineWidth = Math.max(0.6, (circles ? style.outline.width : 0.15) * symbolFactor());
  context.strokeStyle = circles ? style.outline.colour : "#ffffff";
  for (const position of positions) {
    if (!byClass[position].length) continue;
    const radius = (symbolFactor() * (style.classes[position].size || POINT_MM)) / 2;
    context.fillStyle = style.classes[position].colour;
    context.beginPath();
    for (const at of byClass[position]) {
      const [x, y] = onScreen(at);
      if (x < -20 || y < -20 || x > view.width + 20 || y > view.height + 20) continue;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.fill();
    context.stroke();
  }
}

// Names by rank, as many as find room; more of them appear on zooming in.
function drawNames(context) {
  toScreen(context);
  context.font = NAME_FONT;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = "rgba(255, 255, 255, 0.85)";
  context.fillStyle = "#222222";
  const room = Math.min(MOST_NAMES, Math.round((view.width * view.height) / 22000));
  const most = Math.round(room * Math.min(3, Math.max(0.6, (0.6 * view.scale) / view.home)));
  const taken = [];
  for (const at of byRank) {
    if (taken.length >= most) break;
    if (at === state.city) continue;
    const [x, y] = onScreen(at);
    if (x < 0 || y < 8 || x > view.width || y > view.height - 8) continue;
    const text = data.cities.short[at];
    const half = Math.min(160, context.measureText(text).width) / 2 + 4;
    const box = [x - half, y - 9, x + half, y + 9];
    if (taken.some((one) => box[0] < one[2] && box[2] > one[0] && box[1] < one[3] && box[3] > one[1])) continue;
    taken.push(box);
    context.strokeText(text, x, y, 160);
    context.fillText(text, x, y, 160);
  }
}

// A bar of a round number of kilometres, at the scale of the main map.
function drawScale() {
  const scale = byId("scale");
  const perPixel = data.map.kilometresPerUnit / view.scale;
  const most = 120 * perPixel;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].map((step) => step * power).find((step) => step <= most);
  scale.style.width = `${length / perPixel}px`;
  scale.firstElementChild.textContent = say("kilometres", {
    length: numberText(length, length < 1 ? 2 : 0),
  });
}

const selectionPaths = { selected: null, others: null };

function drawTop() {
  const context = topCanvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, topCanvas.width, topCanvas.height);
  toMap(context);
  context.lineJoin = "round";
  if (state.selectedCount) drawSelection(context);
  drawChosenLinks(context);
  for (const [at, width] of [[state.hover, 1.6], [state.city, 2.4]]) {
    if (at >= 0) drawOutline(context, at, width);
  }
  drawNames(context);
  if (state.city >= 0) drawCityName(context);
  if (rubberBand) drawRubberBand(context);
}

// What is not selected fades; what is gets a dark outline.
function drawSelection(context) {
  selectionPaths.selected ??= joinedPaths(shapes.filter((_, at) => state.selected[at]));
  selectionPaths.others ??= joinedPaths(shapes.filter((_, at) => !state.selected[at]));
  context.fillStyle = "rgba(255, 255, 255, 0.62)";
  context.fill(selectionPaths.others);
  context.strokeStyle = INK;
  context.lineWidth = 1.3 / view.scale;
  context.stroke(selectionPaths.selected);
  toScreen(context);
  context.fillStyle = "rgba(255, 255, 255, 0.62)";
  for (let at = 0; at < cityCount; at++) {
    const radius = circleRadius(at);
    if (!radius) continue;
    const [x, y] = onScreen(at);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    if (state.selected[at]) context.stroke(); else context.fill();
  }
  toMap(context);
}

// Links of the chosen city, or between selected ones.
function drawChosenLinks(context) {
  const model = data.spillovers[state.network - data.networks.length];
  if (model && state.city >= 0) drawSpillovers(context, model);
  const network = data.networks[state.network];
  if (!network) return;
  context.lineCap = "round";
  const stroke = (at, colour) => {
    const one = network.style.classes[network.classes[at]];
    context.strokeStyle = colour || one.colour;
    context.lineWidth = Math.max(1.2, (one.size || 0.2) * symbolFactor()) / view.scale;
    context.stroke(network.paths[at]);
  };
  if (state.city >= 0) {
    const both = !network.directed;
    if (!both) dashed(context, true);
    for (const at of [...network.received[state.city]].reverse()) stroke(at, both ? SENT_COLOUR : RECEIVED_COLOUR);
    dashed(context, false);
    for (const at of [...network.sent[state.city]].reverse()) stroke(at, SENT_COLOUR);
  } else if (state.selectedCount) {
    network.paths.forEach((_, at) => {
      if (state.selected[network.from[at]] && state.selected[network.to[at]]) stroke(at);
    });
  }
}

function dashed(context, on) {
  context.setLineDash(on ? [6 / view.scale, 4 / view.scale] : []);
}

// The strongest effects of the chosen city on others and of others on it, wider where stronger.
function drawSpillovers(context, model) {
  const { city } = state;
  const pairs = [...model.sent[city], ...model.received[city]];
  const strongest = Math.max(...pairs.map((at) => Math.abs(model.effects[at])), 1e-300);
  context.lineCap = "butt";
  for (const [list, colour] of [[model.received[city], RECEIVED_COLOUR], [model.sent[city], SENT_COLOUR]]) {
    context.strokeStyle = colour;
    dashed(context, colour === RECEIVED_COLOUR);
    for (const at of list.slice(0, PARTNERS_SHOWN)) {
      const width = 1 + (4 * Math.abs(model.effects[at])) / strongest;
      context.lineWidth = width / view.scale;
      context.stroke(arcPath(model.from[at], model.to[at]));
    }
  }
  dashed(context, false);
}

function drawOutline(context, at, width) {
  const radius = circleRadius(at);
  for (const [colour, extra] of [["#ffffff", 2.4], [INK, 0]]) {
    context.strokeStyle = colour;
    if (radius) {
      toScreen(context);
      context.lineWidth = width + extra;
      context.beginPath();
      context.arc(...onScreen(at), radius + 1.5, 0, 2 * Math.PI);
      context.stroke();
      toMap(context);
    } else {
      context.lineWidth = (width + extra) / view.scale;
      context.stroke(shapes[at].path);
    }
  }
}

function drawCityName(context) {
  toScreen(context);
  context.font = `600 ${NAME_FONT.replace("11px", "13px")}`;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.lineWidth = 4;
  context.strokeStyle = "rgba(255, 255, 255, 0.95)";
  context.fillStyle = INK;
  const [x, y] = onScreen(state.city);
  const { box, empty } = shapes[state.city];
  const top = empty ? y - 8 : Math.max(20, Math.min(y - 8, view.scale * box[1] + view.y - 3));
  context.strokeText(data.cities.short[state.city], x, top, 240);
  context.fillText(data.cities.short[state.city], x, top, 240);
}

function drawRubberBand(context) {
  toScreen(context);
  const [x0, y0, x1, y1] = rubberBand;
  context.fillStyle = "rgba(31, 78, 121, 0.12)";
  context.strokeStyle = "#1f4e79";
  context.lineWidth = 1;
  context.setLineDash([5, 3]);
  context.fillRect(x0, y0, x1 - x0, y1 - y0);
  context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  context.setLineDash([]);
}

listen(["selection"], () => {
  selectionPaths.selected = selectionPaths.others = null;
});
listen(["shown", "links", "view", "city", "selection"], (kinds) => {
  // Links fade while something is chosen: only then does a choice concern the lower canvas.
  const below = kinds.has("shown") || kinds.has("links") || kinds.has("view") || state.network >= 0;
  if (below) drawBase();
});
listen(["shown", "links", "view", "city", "selection", "hover", "band"], drawTop);
listen(["shown"], () => {
  topCanvas.setAttribute("aria-label", say("map_label", { what: shownTitle(), count: cityCount }));
});
