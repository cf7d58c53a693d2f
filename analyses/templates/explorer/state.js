// What is shown and chosen now. Views listen to the kinds of change that concern them; all changes
// of one moment are drawn together, once, in the next frame.

const state = {
  variable: 0,
  column: Math.max(0, data.variables[0].years.length - 1),
  mode: "values",
  network: -1,
  city: -1,
  hover: -1,
  selected: new Uint8Array(cityCount),
  selectedCount: 0,
  onlySelected: false,
  sort: { key: "value", down: true },
};

const listeners = [];
let pending = new Set();
let frameAsked = false;

function listen(kinds, draw) {
  listeners.push({ kinds, draw });
}

function changed(...kinds) {
  for (const kind of kinds) pending.add(kind);
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(flush);
}

function flush() {
  frameAsked = false;
  const kinds = pending;
  pending = new Set();
  for (const one of listeners) {
    if (one.kinds.some((kind) => kinds.has(kind))) one.draw(kinds);
  }
}

function shownVariable() {
  return data.variables[state.variable];
}

// Numbers of the shown year, null for categories.
function shownValues(variable = shownVariable()) {
  return variable.values && variable.values[columnOf(variable)];
}

// The column of a variable for the shown year; the nearest one where it lacks that year.
function columnOf(variable) {
  if (variable.years.length < 2) return 0;
  if (variable === shownVariable()) return state.column;
  const year = shownYear();
  if (year === null) return variable.years.length - 1;
  let best = 0;
  variable.years.forEach((one, at) => {
    if (Math.abs(one - year) < Math.abs(variable.years[best] - year)) best = at;
  });
  return best;
}

let lastYear = null;

function shownYear() {
  const variable = shownVariable();
  return variable.years.length ? variable.years[state.column] : lastYear;
}

function clustersOf(variable, column) {
  return variable.clusters && variable.clusters.classes[column];
}

function showsClusters() {
  return state.mode === "clusters" && Boolean(clustersOf(shownVariable(), state.column));
}

function shownStyle() {
  return showsClusters() ? shownVariable().clusters.style : shownVariable().style;
}

function shownClasses() {
  const variable = shownVariable();
  return showsClusters() ? clustersOf(variable, state.column) : variable.classes[state.column];
}

function showVariable(at) {
  const year = shownYear();
  lastYear = year;
  state.variable = at;
  const variable = shownVariable();
  state.column = 0;
  if (variable.years.length && year !== null) {
    const found = variable.years.indexOf(year);
    state.column = found >= 0 ? found : variable.years.length - 1;
  } else if (variable.years.length) {
    state.column = variable.years.length - 1;
  }
  changed("shown");
}

function showColumn(at) {
  const last = shownVariable().years.length - 1;
  const column = Math.max(0, Math.min(last, at));
  if (column === state.column) return;
  state.column = column;
  changed("shown");
}

function showMode(mode) {
  state.mode = mode;
  changed("shown");
}

function showNetwork(at) {
  state.network = at;
  changed("links");
}

function chooseCity(at) {
  if (state.city === at) return;
  state.city = at;
  changed("city");
}

function hoverCity(at) {
  if (state.hover === at) return;
  state.hover = at;
  changed("hover");
}

// Replace the selection, or add to it.
function select(cities, add = false) {
  if (!add) state.selected.fill(0);
  for (const at of cities) state.selected[at] = 1;
  countSelected();
}

function toggleSelected(at, on = !state.selected[at]) {
  state.selected[at] = on ? 1 : 0;
  countSelected();
}

function countSelected() {
  state.selectedCount = state.selected.reduce((sum, one) => sum + one, 0);
  changed("selection");
}
