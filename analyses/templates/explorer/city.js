// The card of the chosen city: its indices, neighbours, links and spillovers; without a city, the
// ends of the shown ranking.

const cityPanel = byId("city");
const PARTNERS_SHOWN = 8;

// The shown variable with its year.
function titleOf(variable, column) {
  return variable.years.length
    ? say("in_year", { what: variable.title, year: variable.years[column] }) : variable.title;
}

function shownTitle() {
  return titleOf(shownVariable(), state.column);
}

// Value, rank and cluster of a city, a line each.
function describedLines(at) {
  const variable = shownVariable(), values = shownValues();
  const lines = [];
  if (values) {
    const ranks = ranksOf(values);
    const value = numberText(values[at], variable.decimals);
    lines.push(say("pair", { name: shownTitle(), value: Number.isFinite(values[at]) ? value : say("no_data") }));
    if (ranks[at]) lines.push(say("rank_of", { rank: ranks[at], count: numberText(ranks.count, 0) }));
  } else {
    lines.push(say("pair", { name: shownTitle(),
      value: classWords(variable.style, variable.classes[state.column][at]) }));
  }
  const clusters = clustersOf(variable, state.column);
  if (clusters) {
    lines.push(say("pair", { name: say("cluster"), value: classWords(variable.clusters.style, clusters[at]) }));
  }
  return lines;
}

function announce(text) {
  byId("live").textContent = text;
}

let drawnCity = -1;

function drawCity() {
  if (state.city < 0) cityPanel.replaceChildren(...overview());
  else cityPanel.replaceChildren(...card(state.city));
  // Replacing the card of the same city keeps the place; another city begins at its top.
  if (drawnCity !== state.city) cityPanel.scrollTop = 0;
  drawnCity = state.city;
}

function overview() {
  const values = shownValues();
  const head = element("h2", { id: "city-title" }, say("overview"));
  const hint = element("p", { class: "remark" }, say("hint"));
  if (!values) return [head, element("p", { class: "about-what" }, shownTitle()), hint];
  const { order } = ranksOf(values);
  const ends = Math.min(5, Math.floor(order.length / 2));
  return [
    head,
    element("p", { class: "about-what" }, shownTitle()),
    facts([
      ["mean", meanOf(values, order)],
      ["median", medianOf(values, order)],
      ["lowest", order.length ? values[order[order.length - 1]] : NaN],
      ["highest", order.length ? values[order[0]] : NaN],
    ].map(([key, value]) => [say(key), numberText(value, shownVariable().decimals)])),
    element("div", { class: "two" },
      section(say("highest_cities"), cityList(order.slice(0, ends), (at) => valueOf(values, at))),
      section(say("lowest_cities"), cityList(order.slice(-ends || order.length).reverse(), (at) => valueOf(values, at)))),
    hint,
  ];
}

function valueOf(values, at) {
  return numberText(values[at], shownVariable().decimals);
}

function medianOf(values, order) {
  if (!order.length) return NaN;
  const middle = order.length >> 1;
  return order.length % 2 ? values[order[middle]] : (values[order[middle - 1]] + values[order[middle]]) / 2;
}

function facts(pairs) {
  return element("dl", { class: "facts" }, ...pairs.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

function section(title, ...children) {
  return element("section", {}, element("h3", {}, title), ...children);
}

// Cities as buttons with a number each.
function cityList(cities, text) {
  return element("ul", { class: "cities" }, ...cities.map((at, place) => element("li", {},
    element("button", { type: "button", class: "link", title: names[at], onclick: () => chooseCity(at),
      onpointerenter: () => hoverCity(at), onpointerleave: () => hoverCity(-1) }, briefNames[at]),
    element("span", { class: "number" }, text(at, place)))));
}

function card(at) {
  return [
    cardHead(at),
    ...cardTags(at),
    ...indices(at),
    neighbours(at),
    ...data.networks.map((network) => linksOf(network, at)),
    ...data.spillovers.map((model) => spilloversOf(model, at)),
  ].filter(Boolean);
}

function cardHead(at) {
  return element("div", { class: "card-head" },
    element("h2", { id: "city-title" }, names[at]),
    element("button", { type: "button", class: "quiet close", title: say("close_city"),
      "aria-label": say("close_city"), onclick: () => chooseCity(-1) }, "\u00d7"));
}

function cardTags(at) {
  const tags = data.groups.map((group) => group.words[group.codes[at]]);
  return [
    element("p", { class: "tags" }, ...[...tags, say("id", { id: data.cities.ids[at] })]
      .map((tag) => element("span", {}, tag))),
    element("p", { class: "actions" },
      element("button", { type: "button", class: "quiet small", onclick: () => zoomToCity(at) }, say("zoom_to")),
      element("button", { type: "button", class: "quiet small", onclick: () => toggleSelected(at) },
        say(state.selected[at] ? "unselect_this" : "select_this")),
      data.weights && data.weights.neighbours[at].length
        ? element("button", { type: "button", class: "quiet small",
          onclick: () => select([at, ...data.weights.neighbours[at]]) }, say("select_neighbours"))
        : null),
  ];
}

// Every variable with value and rank, in the groups of the list of variables.
function indices(at) {
  const groups = new Map();
  data.variables.forEach((variable, place) => {
    if (!groups.has(variable.group)) groups.set(variable.group, []);
    groups.get(variable.group).push([variable, place]);
  });
  return [...groups].map(([title, members], place) => foldable(title, place < 2,
    element("table", { class: "indices" },
      element("thead", {}, element("tr", {},
        element("th", { scope: "col" }, say("variable")),
        element("th", { scope: "col", class: "number" }, say("value")),
        element("th", { scope: "col", class: "number" }, say("rank")))),
      element("tbody", {}, ...members.map(([variable, number]) => indexRow(variable, number, at))))));
}

// A cluster worth a word of its own; most cities are in none.
function isMarked(style, position) {
  return position >= 0 && !style.classes[position].values.includes("Not significant");
}

function indexRow(variable, number, at) {
  const column = columnOf(variable), values = variable.values && variable.values[column];
  const ranks = values && ranksOf(values);
  const clusters = clustersOf(variable, column);
  return element("tr", { class: number === state.variable ? "chosen" : "" },
    element("th", { scope: "row" },
      element("button", { type: "button", class: "link", title: say("show_this"),
        onclick: () => pickVariable(number) }, titleOf(variable, column)),
      clusters && isMarked(variable.clusters.style, clusters[at])
        ? element("span", { class: "tag" }, classWords(variable.clusters.style, clusters[at])) : null,
      variable.years.length > 1 && number === state.variable ? spark(variable, at) : null),
    values
      ? element("td", { class: "number" }, numberText(values[at], variable.decimals))
      : element("td", { class: "words", colspan: "2" }, classWords(variable.style, variable.classes[column][at])),
    values ? element("td", { class: "number rank" }, ranks[at] ? say("rank_short", { rank: ranks[at], count: ranks.count }) : MISSING) : null);
}

// A line over the years: the city dark, the mean of all cities pale.
function spark(variable, at) {
  const width = 220, height = 44, namespace = "http://www.w3.org/2000/svg";
  const own = variable.values.map((values) => values[at]);
  const mean = variable.values.map((values) => meanOf(values, values.keys()));
  const known = [...own, ...mean].filter(Number.isFinite);
  if (!known.length) return null;
  const low = Math.min(...known), range = Math.max(...known) - low || 1;
  const place = (value, column) => [
    4 + (column / (own.length - 1)) * (width - 8), height - 4 - ((value - low) / range) * (height - 8)];
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("class", "spark");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", say("spark", {
    first: variable.years[0], last: variable.years[variable.years.length - 1] }));
  for (const [numbers, name] of [[mean, "mean"], [own, "own"]]) {
    const line = document.createElementNS(namespace, "path");
    let pen = "M";
    line.setAttribute("d", numbers.map((value, column) => {
      if (!Number.isFinite(value)) {
        pen = "M";
        return "";
      }
      const step = `${pen}${place(value, column).map((one) => one.toFixed(1)).join(" ")}`;
      pen = "L";
      return step;
    }).join(""));
    line.setAttribute("class", name);
    svg.append(line);
  }
  if (Number.isFinite(own[state.column])) {
    const dot = document.createElementNS(namespace, "circle");
    const [x, y] = place(own[state.column], state.column);
    dot.setAttribute("cx", x.toFixed(1));
    dot.setAttribute("cy", y.toFixed(1));
    dot.setAttribute("r", "3");
    svg.append(dot);
  }
  return svg;
}

function foldable(title, open, ...children) {
  const key = `fold ${title}`;
  const box = element("details", { open: folds.get(key) ?? open }, element("summary", {}, title), ...children);
  box.addEventListener("toggle", () => folds.set(key, box.open));
  return box;
}

const folds = new Map();

function neighbours(at) {
  if (!data.weights) return null;
  const title = say("neighbours", { weights: data.weights.name });
  const others = data.weights.neighbours[at], weights = data.weights.entries[at], values = shownValues();
  if (!others.length) return foldable(title, true, element("p", { class: "remark" }, say("no_neighbours")));
  const order = [...others.keys()];
  if (Array.isArray(weights)) order.sort((a, b) => weights[b] - weights[a]);
  const shown = order.slice(0, 2 * PARTNERS_SHOWN);
  return foldable(title, true,
    cityList(shown.map((place) => others[place]), (other) => (values ? valueOf(values, other)
      : classWords(shownVariable().style, shownVariable().classes[state.column][other]))),
    values ? element("p", { class: "remark" }, say("neighbours_mean", {
      what: shownTitle(), mean: numberText(meanOf(values, others), shownVariable().decimals) })) : null,
    more(others.length - shown.length));
}

function more(count) {
  return count > 0 ? element("p", { class: "remark" }, say("more", { count })) : null;
}

function linksOf(network, at) {
  const list = (links, other) => [
    cityList(links.slice(0, PARTNERS_SHOWN).map((link) => other[link]),
      (_, place) => numberText(network.weights[links[place]], network.decimals)),
    more(links.length - PARTNERS_SHOWN),
  ];
  const sent = network.sent[at], received = network.received[at];
  const title = say("links_of", { network: network.name });
  const unit = network.unit ? element("p", { class: "remark" }, say("unit", { unit: network.unit })) : null;
  if (!sent.length && !received.length) {
    return foldable(title, true, element("p", { class: "remark" }, say("no_links")));
  }
  if (network.directed) {
    return foldable(title, true, unit, element("div", { class: "two" },
      section(say("sends", { count: sent.length }), ...list(sent, network.to).filter(Boolean)),
      section(say("receives", { count: received.length }), ...list(received, network.from).filter(Boolean))));
  }
  // Links without direction are kept once: the partner is at the other end, wherever that is.
  const both = [...sent, ...received].sort((a, b) => network.weights[b] - network.weights[a]);
  const partner = new Map(both.map((link) => [link, network.from[link] === at ? network.to[link] : network.from[link]]));
  return foldable(title, true, unit,
    cityList(both.slice(0, PARTNERS_SHOWN).map((link) => partner.get(link)),
      (_, place) => numberText(network.weights[both[place]], network.decimals)),
    more(both.length - PARTNERS_SHOWN));
}

function spilloversOf(model, at) {
  const title = say("spillovers_of", { model: model.name });
  if (model.own[at] === null) {
    return foldable(title, true, element("p", { class: "remark" }, say("not_in_model")));
  }
  const least = 4;
  const effect = (value) => numberText(value, decimalsFor(value, least));
  const list = (pairs, other) => cityList(pairs.slice(0, PARTNERS_SHOWN).map((pair) => other[pair]),
    (_, place) => effect(model.effects[pairs[place]]));
  return foldable(title, true,
    element("p", { class: "remark" }, model.note),
    facts([["own", model.own[at]], ["emitted", model.emitted[at]], ["received", model.receivedTotal[at]]]
      .map(([key, value]) => [say(`effect_${key}`), effect(value)])),
    element("div", { class: "two" },
      section(say("emits_most"), list(model.sent[at], model.to)),
      section(say("receives_most"), list(model.received[at], model.from))),
    model.caution ? element("p", { class: "remark" }, model.caution) : null);
}

listen(["shown", "city", "selection"], drawCity);
listen(["city"], () => {
  if (state.city >= 0) announce(say("announced", { city: names[state.city], lines: describedLines(state.city).join(say("comma")) }));
});
