// The table of cities: every number of the map in words. Only the rows in sight exist, so that
// thousands of cities cost no more than thirty.

const ROW_HEIGHT = 30;
const ROWS_BEYOND = 8;
const rowsBox = byId("rows");
const table = byId("table");
const tableHead = table.tHead;
const tableBody = table.tBodies[0];
let tableOrder = [];
// Kept here, for asking the page would make it lay itself out in the middle of drawing.
const rowsRoom = { top: 0, height: 0 };
let lastTicked = -1;

// Columns of the shown variable: key, title, text of a city, and what it is sorted by.
function tableColumns() {
  const variable = shownVariable(), values = shownValues();
  const columns = [];
  if (values) {
    const ranks = ranksOf(values);
    columns.push({ key: "rank", title: say("rank"), number: true,
      text: (at) => (ranks[at] ? String(ranks[at]) : MISSING), sort: (at) => -(ranks[at] || Infinity) });
  }
  columns.push({ key: "name", title: say("city"), text: (at) => names[at], sort: (at) => names[at] });
  if (values) {
    columns.push({ key: "value", title: shownTitle(), number: true,
      text: (at) => numberText(values[at], variable.decimals),
      sort: (at) => (Number.isFinite(values[at]) ? values[at] : -Infinity) });
  }
  columns.push({ key: "class", title: say(values ? "class" : "category"),
    text: (at) => classWords(variable.style, variable.classes[state.column][at]),
    sort: (at) => -variable.classes[state.column][at] });
  const clusters = clustersOf(variable, state.column);
  if (clusters) {
    columns.push({ key: "cluster", title: say("cluster"),
      text: (at) => classWords(variable.clusters.style, clusters[at]),
      sort: (at) => -clusters[at] });
  }
  data.groups.forEach((group, place) => columns.push({ key: `group${place}`, title: group.title,
    text: (at) => group.words[group.codes[at]], sort: (at) => group.words[group.codes[at]] }));
  return columns;
}

function classWords(style, position) {
  return position < 0 ? MISSING : style.classes[position].words;
}

function orderTable() {
  const columns = tableColumns();
  const { column, down } = sortingOf(columns);
  const order = [...Array(cityCount).keys()].filter((at) => !state.onlySelected || state.selected[at]);
  const keys = order.map(column.sort);
  const places = order.map((_, place) => place);
  const words = new Intl.Collator(data.language === "zh" ? "zh-CN" : "en", { numeric: true });
  const compared = typeof keys[0] === "string"
    ? (a, b) => words.compare(keys[a], keys[b]) : (a, b) => keys[a] - keys[b];
  places.sort((a, b) => (down ? -compared(a, b) : compared(a, b)) || a - b);
  tableOrder = places.map((place) => order[place]);
  drawHead(columns);
  drawRows(true);
}

// The column to sort by; names ascending where the shown variable lacks the wanted one.
function sortingOf(columns) {
  const column = columns.find((one) => one.key === state.sort.key);
  return column ? { column, down: state.sort.down }
    : { column: columns.find((one) => one.key === "name"), down: false };
}

function drawHead(columns) {
  const { column: sorted, down } = sortingOf(columns);
  const heads = columns.map((column) => element("th", {
    scope: "col",
    class: column.number ? "number" : "",
    "aria-sort": column === sorted ? (down ? "descending" : "ascending") : null,
  }, element("button", { type: "button", "data-key": column.key, onclick: () => sortBy(column) },
    column.title)));
  const focused = document.activeElement && document.activeElement.dataset.key;
  tableHead.replaceChildren(element("tr", { "aria-rowindex": "1" },
    element("th", { scope: "col", class: "tick" }, element("span", { class: "unseen" }, say("select"))),
    ...heads));
  if (focused) tableHead.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function sortBy(column) {
  const same = state.sort.key === column.key;
  state.sort = { key: column.key, down: same ? !state.sort.down : Boolean(column.number) && column.key !== "rank" };
  if (!same && column.key === "rank") state.sort.down = true;
  changed("order");
}

let rowsShown = new Map();
const aboveRows = spacer();
const belowRows = spacer();
tableBody.append(aboveRows, belowRows);

function spacer() {
  return element("tr", { class: "spacer", "aria-hidden": "true" }, element("td"));
}

function setSpace(row, count, columns) {
  row.firstChild.colSpan = columns;
  row.firstChild.style.height = `${count * ROW_HEIGHT}px`;
}

function drawRows(anew = false) {
  const first = Math.max(0, Math.floor(rowsRoom.top / ROW_HEIGHT) - ROWS_BEYOND);
  const room = Math.ceil(rowsRoom.height / ROW_HEIGHT) + 2 * ROWS_BEYOND;
  const last = Math.min(tableOrder.length, first + room);
  const columns = tableColumns();
  const focused = focusedCell();
  const rows = new Map();
  // Rows that stay are not touched, or they would lose the focus; and the table never gets shorter
  // in between, or the browser would scroll.
  setSpace(belowRows, tableOrder.length, columns.length + 1);
  setSpace(aboveRows, first, columns.length + 1);
  for (let place = first; place < last; place++) {
    const at = tableOrder[place];
    const known = !anew && rowsShown.get(at);
    rows.set(at, known || tableRow(at, place, columns));
  }
  for (const [at, row] of rowsShown) if (rows.get(at) !== row) row.remove();
  rowsShown = rows;
  let next = aboveRows.nextSibling;
  for (const row of rows.values()) {
    if (row === next) next = row.nextSibling; else tableBody.insertBefore(row, next);
  }
  setSpace(belowRows, tableOrder.length - last, columns.length + 1);
  table.setAttribute("aria-rowcount", String(tableOrder.length + 1));
  markRows();
  if (focused && rows.has(focused.city)) {
    rows.get(focused.city).querySelector(focused.what)?.focus({ preventScroll: true });
  }
}

function tableRow(at, place, columns) {
  const tick = element("input", { type: "checkbox", "aria-label": say("select_city", { city: names[at] }) });
  tick.addEventListener("click", (event) => tickRow(at, tick.checked, event.shiftKey));
  const cells = columns.map((column) => (column.key === "name"
    ? element("th", { scope: "row" }, element("button", { type: "button", class: "link",
      onclick: () => chooseCity(at) }, column.text(at)))
    : element("td", { class: column.number ? "number" : "" }, column.text(at))));
  const row = element("tr", { "aria-rowindex": String(place + 2), "data-city": String(at) },
    element("td", { class: "tick" }, tick), ...cells);
  row.addEventListener("pointerenter", () => hoverCity(at));
  row.addEventListener("click", (event) => {
    if (event.target.closest("input, button")) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) toggleSelected(at); else chooseCity(at);
  });
  return row;
}

// Tick one row; with shift, all rows since the last tick.
function tickRow(at, on, range) {
  const here = tableOrder.indexOf(at), there = tableOrder.indexOf(lastTicked);
  if (range && there >= 0) {
    for (let place = Math.min(here, there); place <= Math.max(here, there); place++) {
      state.selected[tableOrder[place]] = on ? 1 : 0;
    }
    countSelected();
  } else toggleSelected(at, on);
  lastTicked = at;
}

function markRows() {
  for (const [at, row] of rowsShown) {
    row.classList.toggle("selected", Boolean(state.selected[at]));
    row.classList.toggle("chosen", at === state.city);
    row.classList.toggle("hovered", at === state.hover);
    row.querySelector("input").checked = Boolean(state.selected[at]);
    if (at === state.city) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
  }
}

function focusedCell() {
  const row = document.activeElement && document.activeElement.closest("#table tbody tr[data-city]");
  if (!row) return null;
  return { city: Number(row.dataset.city), what: document.activeElement.matches("input") ? "input" : "button" };
}

function scrollToTop() {
  rowsBox.scrollTop = rowsRoom.top = 0;
}

function showRow(place) {
  const top = place * ROW_HEIGHT, head = tableHead.offsetHeight;
  const seen = rowsBox.clientHeight - head;
  if (top < rowsBox.scrollTop) rowsBox.scrollTop = top;
  else if (top + ROW_HEIGHT > rowsBox.scrollTop + seen) rowsBox.scrollTop = top + ROW_HEIGHT - seen;
  rowsRoom.top = rowsBox.scrollTop;
  drawRows();
}

// Arrow keys walk through the rows, in the column of ticks or of names.
table.addEventListener("keydown", (event) => {
  const here = focusedCell();
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
  if (!here || !(event.key in steps)) return;
  event.preventDefault();
  const place = Math.max(0, Math.min(tableOrder.length - 1, tableOrder.indexOf(here.city) + steps[event.key]));
  showRow(place);
  rowsShown.get(tableOrder[place])?.querySelector(here.what).focus({ preventScroll: true });
});

rowsBox.addEventListener("scroll", () => {
  rowsRoom.top = rowsBox.scrollTop;
  changed("rows");
}, { passive: true });
rowsBox.addEventListener("pointerleave", () => hoverCity(-1));

function describeSelection() {
  const cities = selectedCities(), variable = shownVariable(), values = shownValues();
  const count = numberText(cities.length, 0);
  let words = say("none_selected");
  if (cities.length) {
    words = values
      ? say("selected_mean", { count, mean: numberText(meanOf(values, cities), variable.decimals),
        all: numberText(meanOf(values, values.keys()), variable.decimals) })
      : say("selected", { count });
  }
  byId("selection").textContent = words;
  byId("clear").disabled = !cities.length;
  byId("only-selected").disabled = !cities.length && !state.onlySelected;
  byId("export").textContent = say(cities.length ? "export_selected" : "export_all");
}

byId("clear").addEventListener("click", () => select([]));
byId("only-selected").addEventListener("change", (event) => {
  state.onlySelected = event.target.checked;
  scrollToTop();
  changed("order");
});

listen(["shown", "selection"], describeSelection);
let orderedVariable = -1;

listen(["shown", "order"], () => {
  // Another variable has another order: begin at its top, or at the chosen city.
  const other = orderedVariable !== state.variable;
  orderedVariable = state.variable;
  if (other) scrollToTop();
  orderTable();
  if (other && state.city >= 0) showRow(Math.max(0, tableOrder.indexOf(state.city)));
});
listen(["selection"], () => {
  if (state.onlySelected && !state.selectedCount) {
    state.onlySelected = false;
    byId("only-selected").checked = false;
    orderTable();
  } else if (state.onlySelected) orderTable();
  announce(byId("selection").textContent);
});
listen(["rows"], () => drawRows());
listen(["city"], () => {
  const place = tableOrder.indexOf(state.city);
  if (place >= 0 && !focusedCell()) showRow(place);
});
listen(["selection", "city", "hover"], markRows);
