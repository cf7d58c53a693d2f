// The data of the page, unpacked: texts of whole numbers become paths, lists become typed arrays.

const SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CLASS_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BITS = new Map([...SIGNS].map((sign, bits) => [sign, bits]));

// Six bits for each sign: five of the number, one that says "goes on"; see whole_numbers.py.
function decodedNumbers(text) {
  const numbers = [];
  let rest = 0, factor = 1;
  for (const sign of text) {
    const bits = BITS.get(sign);
    rest += (bits & 31) * factor;
    factor *= 32;
    if (bits < 32) {
      numbers.push(rest % 2 ? -(rest + 1) / 2 : rest / 2);
      rest = 0;
      factor = 1;
    }
  }
  return numbers;
}

// A shape: its path in the units of the map, and its box for quick hits.
function decodedShape(text, closed) {
  const path = new Path2D();
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  if (!text) return { path, box, empty: true };
  let x = 0, y = 0;
  for (const piece of text.split(".")) {
    const steps = decodedNumbers(piece);
    for (let at = 0; at < steps.length; at += 2) {
      x += steps[at];
      y += steps[at + 1];
      if (at === 0) path.moveTo(x, y); else path.lineTo(x, y);
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x > box[2]) box[2] = x;
      if (y > box[3]) box[3] = y;
    }
    if (closed) path.closePath();
  }
  return { path, box, empty: false };
}

// "01-2" -> classes of the cities; -1 where nothing is drawn.
function decodedClasses(text) {
  return Int8Array.from(text, (sign) => CLASS_SIGNS.indexOf(sign));
}

const data = JSON.parse(document.getElementById("data").textContent);
document.getElementById("data").remove();

const cityCount = data.cities.ids.length;
const shapes = data.map.cities.map((text) => decodedShape(text, true));
const anchors = Float64Array.from(data.map.anchors);
const contextPath = joinedPaths(data.map.context.map((text) => decodedShape(text, true)));
for (const frame of data.map.frames) {
  frame.path = joinedPaths(frame.context.map((text) => decodedShape(text, true)));
}

function joinedPaths(pieces) {
  const path = new Path2D();
  for (const piece of pieces) path.addPath(piece.path);
  return path;
}

for (const variable of data.variables) {
  variable.classes = variable.classes.map(decodedClasses);
  if (variable.values) {
    variable.values = variable.values.map((column) =>
      Float64Array.from(column, (value) => (value === null ? NaN : value)));
  }
  if (variable.clusters) {
    variable.clusters.classes = variable.clusters.classes.map((text) =>
      text ? decodedClasses(text) : null);
  }
}

// Links by city, and their paths; links come from the weakest to the strongest.
for (const network of data.networks) {
  network.paths = network.lines.map((text) => decodedShape(text, false).path);
  network.classes = decodedClasses(network.classes);
  network.sent = Array.from({ length: cityCount }, () => []);
  network.received = Array.from({ length: cityCount }, () => []);
  for (let at = network.weights.length - 1; at >= 0; at--) {
    network.sent[network.from[at]].push(at);
    network.received[network.to[at]].push(at);
  }
}

// Straight arcs for spillovers: to the left of the way, so that both ways stay apart.
function arcPath(start, end) {
  const [x0, y0, x1, y1] = [anchors[2 * start], anchors[2 * start + 1], anchors[2 * end], anchors[2 * end + 1]];
  const path = new Path2D();
  path.moveTo(x0, y0);
  path.quadraticCurveTo((x0 + x1) / 2 + 0.14 * (y1 - y0), (y0 + y1) / 2 - 0.14 * (x1 - x0), x1, y1);
  return path;
}

for (const model of data.spillovers) {
  model.receivedTotal = model.received;
  model.sent = Array.from({ length: cityCount }, () => []);
  model.received = Array.from({ length: cityCount }, () => []);
  const order = model.effects.map((_, at) => at)
    .sort((a, b) => Math.abs(model.effects[b]) - Math.abs(model.effects[a]));
  for (const at of order) {
    model.sent[model.from[at]].push(at);
    model.received[model.to[at]].push(at);
  }
}
