// Where the map lies on the screen: screen = scale * map + (x, y), in CSS points.

const PIXELS_PER_MM = 96 / 25.4;
const A4_WIDTH = 794;
const MOST_ZOOM = 40;

const mapBox = byId("map");
const baseCanvas = byId("map-base");
const topCanvas = byId("map-top");
const view = { scale: 1, x: 0, y: 0, width: 0, height: 0, dots: 1, home: 1 };

// Symbols are made for an A4 page; narrower maps get smaller ones, as in print.
function symbolFactor() {
  return PIXELS_PER_MM * Math.max(0.5, Math.min(1, view.width / A4_WIDTH));
}

function resizeMap() {
  const width = mapBox.clientWidth, height = mapBox.clientHeight;
  const dots = Math.min(2, window.devicePixelRatio || 1);
  if (width === view.width && height === view.height && dots === view.dots) return;
  const untouched = view.scale === view.home;
  Object.assign(view, { width, height, dots });
  for (const canvas of [baseCanvas, topCanvas]) {
    canvas.width = Math.round(width * dots);
    canvas.height = Math.round(height * dots);
  }
  if (untouched) showHome();
  changed("view", "room");
}

// Fit the whole map into the room beside the legend.
function showHome() {
  const legend = byId("legend");
  const beside = getComputedStyle(legend).position === "absolute" ? legend.offsetWidth + 20 : 0;
  // The buttons of the map are at its right edge, on narrow screens at its lower edge.
  const narrow = !beside, margin = 10;
  const width = view.width - beside - (narrow ? 2 * margin : 52);
  const height = view.height - 2 * margin - (narrow ? 40 : 0);
  const scale = Math.max(1e-6, Math.min(width / data.map.width, height / data.map.height));
  view.scale = view.home = scale;
  view.x = beside + margin + (width - scale * data.map.width) / 2;
  view.y = margin + (height - scale * data.map.height) / 2;
  changed("view", "jump");
}

function zoomAt(px, py, factor) {
  const scale = Math.max(view.home * 0.8, Math.min(view.home * MOST_ZOOM, view.scale * factor));
  view.x = px - ((px - view.x) * scale) / view.scale;
  view.y = py - ((py - view.y) * scale) / view.scale;
  view.scale = scale;
  keepInSight();
  changed("view");
}

function zoomMiddle(factor) {
  zoomAt(view.width / 2, view.height / 2, factor);
}

function panBy(dx, dy) {
  view.x += dx;
  view.y += dy;
  keepInSight();
  changed("view");
}

// A corner of the map always stays on the screen.
function keepInSight() {
  const least = 80;
  const width = view.scale * data.map.width, height = view.scale * data.map.height;
  view.x = Math.max(least - width, Math.min(view.width - least, view.x));
  view.y = Math.max(least - height, Math.min(view.height - least, view.y));
}

function onScreen(at) {
  return [view.scale * anchors[2 * at] + view.x, view.scale * anchors[2 * at + 1] + view.y];
}

function zoomToCity(at) {
  const { box, empty } = shapes[at];
  const size = empty ? 0 : Math.max(box[2] - box[0], box[3] - box[1]);
  const wanted = size ? (0.25 * Math.min(view.width, view.height)) / size : 6 * view.home;
  view.scale = Math.max(view.home * 2, Math.min(view.home * 8, wanted));
  view.x = view.width / 2 - view.scale * anchors[2 * at];
  view.y = view.height / 2 - view.scale * anchors[2 * at + 1];
  changed("view", "jump");
}

// The city under a point of the screen, -1 where there is none: circles first, then areas.
function cityAt(px, py) {
  let best = -1, nearest = Infinity;
  for (let at = 0; at < cityCount; at++) {
    const reach = circleRadius(at);
    if (!reach) continue;
    const [x, y] = onScreen(at);
    const distance = Math.hypot(px - x, py - y);
    if (distance <= Math.max(reach, 5) && distance < nearest) {
      best = at;
      nearest = distance;
    }
  }
  if (best >= 0) return best;
  const x = (px - view.x) / view.scale, y = (py - view.y) / view.scale;
  const context = baseCanvas.getContext("2d");
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  for (let at = 0; at < cityCount && best < 0; at++) {
    const { box, path } = shapes[at];
    if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) continue;
    if (context.isPointInPath(path, x, y)) best = at;
  }
  context.restore();
  return best;
}

function citiesInBox(left, top, right, bottom) {
  const found = [];
  for (let at = 0; at < cityCount; at++) {
    const [x, y] = onScreen(at);
    if (x >= left && x <= right && y >= top && y <= bottom) found.push(at);
  }
  return found;
}
