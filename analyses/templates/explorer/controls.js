// The bar of controls: variable, values or clusters, links, year.

const variableSelect = byId("variable");
const networkSelect = byId("network");
const yearSlider = byId("year");
const playButton = byId("play");
const PLAY_MS = 900;
let playing = null;

function fillControls() {
  const groups = new Map();
  data.variables.forEach((variable, at) => {
    if (!groups.has(variable.group)) {
      groups.set(variable.group, element("optgroup", { label: variable.group }));
    }
    groups.get(variable.group).append(element("option", { value: String(at) }, variable.title));
  });
  variableSelect.replaceChildren(...groups.values());
  networkSelect.replaceChildren(element("option", { value: "-1" }, say("no_network")),
    ...data.networks.map((network, at) => element("option", { value: String(at) }, network.name)),
    ...data.spillovers.map((model, at) => element("option", { value: String(data.networks.length + at) },
      say("spillovers_of", { model: model.name }))));
  byId("network-field").hidden = !data.networks.length && !data.spillovers.length;
  byId("modes").hidden = !data.variables.some((one) => one.clusters);
}

function pickVariable(at) {
  stopPlaying();
  showVariable(at);
}

function drawControls() {
  const variable = shownVariable();
  variableSelect.value = String(state.variable);
  const clusters = clustersOf(variable, state.column);
  for (const radio of document.querySelectorAll("#modes input")) {
    radio.disabled = radio.value === "clusters" && !clusters;
    radio.checked = radio.value === (showsClusters() ? "clusters" : "values");
  }
  byId("modes").title = clusters ? "" : say(variable.values ? "clusters_not_computed" : "reason_categories");
  drawTime(variable);
}

function drawTime(variable) {
  const years = variable.years, timed = years.length > 1;
  byId("time").classList.toggle("off", !timed);
  yearSlider.disabled = playButton.disabled = !timed;
  yearSlider.max = String(Math.max(0, years.length - 1));
  yearSlider.value = String(timed ? state.column : 0);
  const words = years.length ? String(years[state.column]) : say("no_years");
  byId("year-shown").textContent = years.length ? words : MISSING;
  yearSlider.setAttribute("aria-valuetext", words);
  const pressed = playing !== null;
  playButton.setAttribute("aria-pressed", String(pressed));
  playButton.setAttribute("aria-label", say(pressed ? "pause" : "play"));
  playButton.title = say(pressed ? "pause" : "play");
}

function startPlaying() {
  const last = shownVariable().years.length - 1;
  if (state.column === last) showColumn(0);
  playing = setInterval(() => {
    if (state.column >= shownVariable().years.length - 1) stopPlaying(); else showColumn(state.column + 1);
  }, PLAY_MS);
  drawControls();
}

function stopPlaying() {
  if (playing === null) return;
  clearInterval(playing);
  playing = null;
  drawControls();
}

variableSelect.addEventListener("change", () => pickVariable(Number(variableSelect.value)));
networkSelect.addEventListener("change", () => showNetwork(Number(networkSelect.value)));
yearSlider.addEventListener("input", () => {
  stopPlaying();
  showColumn(Number(yearSlider.value));
});
playButton.addEventListener("click", () => (playing === null ? startPlaying() : stopPlaying()));
for (const radio of document.querySelectorAll("#modes input")) {
  radio.addEventListener("change", () => showMode(radio.value));
}
byId("controls").addEventListener("submit", (event) => event.preventDefault());

// Escape undoes the last kind of choice: the rectangle, the selection, then the city.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || byId("about-text").open) return;
  if (rubberBand || scatterBand) {
    press = null;
    endBand();
    endScatterBand();
  } else if (state.selectedCount) select([]);
  else chooseCity(-1);
});

listen(["shown"], drawControls);
listen(["links"], () => {
  networkSelect.value = String(state.network);
});
