// Start: fill the controls, watch the room that the page has, draw everything once.

function fillAbout() {
  const body = byId("about-body");
  body.append(...data.notes.map((note) => element("p", {}, note)));
  for (const network of data.networks) {
    if (network.note) body.append(element("p", {}, network.note));
  }
  if (data.source) body.append(element("p", {}, say("source", { source: data.source })));
  body.append(element("h3", {}, say("keys")), element("p", {}, say("map_keys")), element("p", {}, say("table_keys")),
    element("p", {}, say("escape")));
  byId("about").addEventListener("click", () => byId("about-text").showModal());
}

fillControls();
fillAbout();

new ResizeObserver(resizeMap).observe(mapBox);
new ResizeObserver(resizeScatter).observe(scatterBox);
new ResizeObserver(() => {
  rowsRoom.height = rowsBox.clientHeight;
  changed("rows");
}).observe(rowsBox);

changed("shown", "links", "city", "selection");
requestAnimationFrame(() => {
  resizeMap();
  showHome();
  resizeScatter();
});

// For the console of the browser and for tests: what is shown, and the numbers behind it.
globalThis.explorer = Object.freeze({ data, state, view, moranOf, ranksOf, onScreen, csvText, flush, plotScales });
