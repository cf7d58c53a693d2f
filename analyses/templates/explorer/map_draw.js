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

// The lower canvas is put together from layers that are painted only when what they show changes:
// areas, borders, links and the selected areas. On moving, the last picture is
// moved along, where painting takes long, and painted sharply when the map comes to rest.

const QUICK_MS = 14;
const REST_MS = 140;

function newLayer() {
  const canvas = document.createElement("canvas");
  return { canvas, context: canvas.getContext("2d"), key: "", classes: null };
}

const layers = { areas: newLayer(), borders: newLayer(), links: newLayer(), selected: newLayer() };
const picture = { canvas: document.createElement("canvas"), scale: 0, x: 0, y: 0, cost: 0 };
let restTimer = 0;

function viewKey() {
  return [view.scale, view.x, view.y, view.width, view.height, view.dots].join(" ");
}

// Give a layer to be painted anew, in units of the map, or nothing when its key is the same.
function stale(layer, key) {
  if (layer.key === key) return null;
  layer.key = key;
  const { canvas, context } = layer;
  if (canvas.width !== baseCanvas.width || canvas.height !== baseCanvas.height) {
    canvas.width = baseCanvas.width;
    canvas.height = baseCanvas.height;
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalCompositeOperation = "source-over";
  context.clearRect(0, 0, canvas.width, canvas.height);
  toMap(context);
  return context;
}

function drawBase(kinds) {
  clearTimeout(restTimer);
  const moving = kinds.size === 1 && kinds.has("view") && picture.canvas.width === baseCanvas.width
    && picture.canvas.height === baseCanvas.height;
  if (moving && picture.cost > QUICK_MS) {
    movePicture();
    restTimer = setTimeout(() => changed("rest"), REST_MS);
  } else drawSharp();
  drawScale();
}

function movePicture() {
  const context = baseCanvas.getContext("2d");
  const factor = view.scale / picture.scale;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, baseCanvas.width, baseCanvas.height);
  context.setTransform(factor, 0, 0, factor,
    view.dots * (view.x - factor * picture.x), view.dots * (view.y - factor * picture.y));
  context.drawImage(picture.canvas, 0, 0);
}

function drawSharp() {
  const began = performance.now();
  const key = viewKey();
  paintAreas(key);
  paintBorders(key);
  paintLinks(key);
  const context = baseCanvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, baseCanvas.width, baseCanvas.height);
  context.globalAlpha = state.selectedCount ? FADED : 1;
  for (const name of ["areas", "borders", "links"]) context.drawImage(layers[name].canvas, 0, 0);
  context.globalAlpha = 1;
  if (state.selectedCount) {
    paintSelected(key);
    context.drawImage(layers.selected.canvas, 0, 0);
    drawCircles(context, (at) => !state.selected[at], FADED, null);
    drawCircles(context, (at) => state.selected[at], 1, INK);
  } else drawCircles(context, () => true, 1, null);
  keepPicture(key);
  // Only a picture painted from the ground tells how long a movement would take.
  if (picture.whole !== key) picture.cost = performance.now() - began;
  picture.whole = key;
}

function keepPicture() {
  const { canvas } = picture;
  canvas.width = baseCanvas.width;
  canvas.height = baseCanvas.height;
  canvas.getContext("2d").drawImage(baseCanvas, 0, 0);
  Object.assign(picture, { scale: view.scale, x: view.x, y: view.y });
}

// Within one style only the areas whose class has changed are filled again.
function paintAreas(key) {
  const style = shownStyle(), classes = shownClasses(), layer = layers.areas;
  const quiet = style.geometry === "point";
  const before = layer.style === style && !quiet && style.opacity === 1 ? layer.classes : null;
  const changes = before ? [...classes.keys()].filter((at) => classes[at] !== before[at]) : [];
  const partly = layer.key === key && before && changes.every((at) => classes[at] >= 0);
  if (partly) {
    changes.forEach((at) => fillArea(layer.context, style.classes[classes[at]], shapes[at].path));
  } else {
    layer.key = "";
    const context = stale(layer, key);
    drawContext(context);
    if (quiet) {
      context.fillStyle = QUIET_FILL;
      context.fill(allShapes);
    } else {
      context.globalAlpha = style.opacity;
      pathsByClass(classes, style.classes.length).forEach((path, position) =>
        fillArea(context, style.classes[position], path));
      context.globalAlpha = 1;
    }
  }
  Object.assign(layer, { style, classes });
}

function fillArea(context, one, path) {
  context.fillStyle = one.colour;
  context.fill(path);
  if (!one.hatch) return;
  context.fillStyle = hatching(context, one.hatch);
  context.fill(path);
}

function paintBorders(key) {
  const style = shownStyle(), quiet = style.geometry === "point";
  const colour = quiet ? QUIET_LINE : style.outline.colour;
  const width = quiet ? 0.5 : Math.max(0.35, style.outline.width * symbolFactor());
  const context = stale(layers.borders, `${key} ${colour} ${width}`);
  if (!context) return;
  context.strokeStyle = colour;
  context.lineWidth = width / view.scale;
  context.lineJoin = "bevel";
  context.stroke(allShapes);
  drawFrames(context);
}

function paintLinks(key) {
  const faint = state.city >= 0 || state.selectedCount > 0;
  const context = stale(layers.links, `${key} ${state.network} ${faint}`);
  if (context) drawLinks(context, faint);
}

// What is not selected fades; the selected areas are painted again above, with a dark outline.
const FADED = 0.4;
let selectionNumber = 0;

function paintSelected(key) {
  const style = shownStyle(), classes = shownClasses();
  const context = stale(layers.selected, `${key} ${selectionNumber} ${data.variables.indexOf(shownVariable())} ${state.column} ${state.mode}`);
  if (!context) return;
  const outline = new Path2D();
  for (const at of selectedCities()) {
    const { path, empty } = shapes[at];
    if (empty) continue;
    outline.addPath(path);
    const one = style.geometry === "point" ? { colour: QUIET_FILL } : style.classes[classes[at]];
    if (one) fillArea(context, one, path);
  }
  context.strokeStyle = INK;
  context.lineJoin = "bevel";
  // Lines of one dot are drawn many times faster than wider ones.
  context.lineWidth = (state.selectedCount > 200 ? 1 / view.dots : 1.3) / view.scale;
  context.stroke(outline);
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

function drawLinks(context, faint) {
  const network = data.networks[state.network];
  if (!network) return;
  network.byClass ??= linksByClass(network);
  context.lineCap = "round";
  context.lineJoin = "round";
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

// Circles of those cities that are wanted; large ones first where the style says so.
function drawCircles(context, wanted, opacity, outline) {
  const style = shownStyle(), circles = style.geometry === "point";
  const byClass = style.classes.map(() => []);
  shownClasses().forEach((position, at) => {
    if (position >= 0 && (circles || shapes[at].empty) && wanted(at)) byClass[position].push(at);
  });
  toScreen(context);
  context.globalAlpha = opacity;
  context.lineWidth = outline ? 1.3 : Math.max(0.6, (circles ? style.outline.width : 0.15) * symbolFactor());
  context.strokeStyle = outline || (circles ? style.outline.colour : "#ffffff");
  const positions = [...style.classes.keys()];
  if (style.order === "descending") positions.reverse();
  for (const position of positions) {
    const radius = (symbolFactor() * (style.classes[position].size || POINT_MM)) / 2;
    context.fillStyle = style.classes[position].colour;
    for (const at of byClass[position]) {
      const [x, y] = onScreen(at);
      if (x < -20 || y < -20 || x > view.width + 20 || y > view.height + 20) continue;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }
  context.globalAlpha = 1;
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
    const radius = circleRadius(at);
    const [x, seat] = onScreen(at);
    // Names stand above circles and in the middle of areas.
    const y = radius ? seat - radius - 8 : seat;
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

function drawTop() {
  const context = topCanvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, topCanvas.width, topCanvas.height);
  toMap(context);
  context.lineJoin = "round";
  drawChosenLinks(context);
  for (const [at, width] of [[state.hover, 1.6], [state.city, 2.4]]) {
    if (at >= 0) drawOutline(context, at, width);
  }
  drawNames(context);
  if (state.city >= 0) drawCityName(context);
  if (rubberBand) drawRubberBand(context);
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
  selectionNumber += 1;
});
listen(["shown", "links", "view", "rest", "selection"], drawBase);
listen(["city"], (kinds) => {
  // Links fade while a city is chosen.
  if (state.network >= 0 && !kinds.has("shown") && !kinds.has("links")) drawSharp();
});
listen(["shown", "links", "view", "city", "selection", "hover", "band"], drawTop);
listen(["shown"], () => {
  topCanvas.setAttribute("aria-label", say("map_label", { what: shownTitle(), count: cityCount }));
});
