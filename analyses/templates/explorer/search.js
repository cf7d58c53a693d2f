// Finding a city by name, short name, id or other words that the data give.

const searchInput = byId("search");
const foundList = byId("found");
const MOST_FOUND = 9;
let found = [];
let active = -1;

// Letters without accents and case, so that "san jose" finds "San José".
function plainText(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

const searchTexts = names.map((name, at) => [
  plainText(name), plainText(data.cities.short[at]), plainText(data.cities.ids[at]),
  ...(data.cities.search[at] ? [plainText(data.cities.search[at])] : []),
]);

// 0 the whole, 1 the beginning, 2 the beginning of a word, 3 inside; Infinity not at all.
function matchOf(at, wanted) {
  let best = Infinity;
  for (const text of searchTexts[at]) {
    const place = text.indexOf(wanted);
    if (place < 0) continue;
    if (text === wanted) return 0;
    best = Math.min(best, place === 0 ? 1 : /[\s,.\-/()]/.test(text[place - 1]) ? 2 : 3);
  }
  return best;
}

function searchNow() {
  const wanted = plainText(searchInput.value);
  found = [];
  if (wanted) {
    const matches = names.map((_, at) => [matchOf(at, wanted), at]).filter(([match]) => match < Infinity);
    const place = new Map(byRank.map((at, rank) => [at, rank]));
    matches.sort((a, b) => a[0] - b[0] || (place.get(a[1]) ?? cityCount) - (place.get(b[1]) ?? cityCount));
    found = matches.slice(0, MOST_FOUND).map(([, at]) => at);
  }
  active = found.length ? 0 : -1;
  drawFound(Boolean(wanted));
}

function drawFound(open) {
  foundList.replaceChildren(...found.map((at, place) => {
    const item = element("li", { role: "option", id: `found-${place}`, "aria-selected": String(place === active) },
      element("span", {}, names[at]), element("small", {}, data.cities.ids[at]));
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      pickFound(place);
    });
    return item;
  }));
  if (open && !found.length) foundList.append(element("li", { class: "none", role: "presentation" }, say("none_found")));
  foundList.hidden = !open;
  searchInput.setAttribute("aria-expanded", String(open && found.length > 0));
  if (active >= 0 && open) searchInput.setAttribute("aria-activedescendant", `found-${active}`);
  else searchInput.removeAttribute("aria-activedescendant");
}

function pickFound(place) {
  const at = found[place];
  if (at === undefined) return;
  searchInput.value = names[at];
  found = [];
  active = -1;
  drawFound(false);
  chooseCity(at);
  bringIntoSight(at);
}

// Move the map only when the city cannot be seen.
function bringIntoSight(at) {
  const [x, y] = onScreen(at);
  const margin = 40;
  if (x < margin || y < margin || x > view.width - margin || y > view.height - margin) zoomToCity(at);
}

searchInput.addEventListener("input", searchNow);
// A name that was found is replaced by the next words, not added to.
searchInput.addEventListener("click", () => {
  if (names.includes(searchInput.value)) searchInput.select();
});
searchInput.addEventListener("blur", () => drawFound(false));
searchInput.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (!found.length) searchNow();
    if (found.length) active = (active + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
    drawFound(true);
  } else if (event.key === "Enter") {
    event.preventDefault();
    pickFound(active);
  } else if (event.key === "Escape") {
    event.stopPropagation();
    searchInput.value = "";
    found = [];
    active = -1;
    drawFound(false);
  }
});
