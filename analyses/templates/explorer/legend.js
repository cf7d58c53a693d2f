// The legend: classes of the shown style with the number of cities in the shown year; a click on a
// class selects its cities. Below it the classes of the links.

const legendBox = byId("legend");

function drawLegend() {
  const style = shownStyle(), classes = shownClasses();
  const members = style.classes.map(() => []);
  classes.forEach((position, at) => {
    if (position >= 0) members[position].push(at);
  });
  const heading = showsClusters()
    ? say("clusters_of", { what: shownTitle() }) : shownTitle();
  const positions = [...style.classes.keys()].filter((position) =>
    members[position].length || !style.classes[position].missing);
  const rows = positions.map((position) => element("li", {},
    element("button", { type: "button", title: say("select_these"),
      disabled: !members[position].length,
      onclick: (event) => select(members[position], event.shiftKey) },
      swatch(style, style.classes[position]),
      element("span", { class: "words" }, style.classes[position].words),
      element("span", { class: "count" }, numberText(members[position].length, 0)))));
  legendBox.replaceChildren(element("h3", {}, heading), element("ul", {}, ...rows), ...linkLegend());
  if (shownVariable().note) legendBox.append(element("p", { class: "remark" }, shownVariable().note));
}

// The sign of a class as the map draws it.
function swatch(style, one) {
  const canvas = document.createElement("canvas"), dots = Math.min(2, window.devicePixelRatio || 1);
  const width = 26, height = 18;
  canvas.width = width * dots;
  canvas.height = height * dots;
  canvas.className = "swatch";
  canvas.setAttribute("aria-hidden", "true");
  const context = canvas.getContext("2d");
  context.scale(dots, dots);
  context.fillStyle = context.strokeStyle = one.colour;
  if (style.geometry === "line") {
    context.globalAlpha = style.opacity;
    context.lineCap = "round";
    context.lineWidth = Math.max(0.5, (one.size || 0.2) * symbolFactor());
    context.beginPath();
    context.moveTo(4, height / 2);
    context.lineTo(width - 4, height / 2);
    context.stroke();
  } else if (style.geometry === "point") {
    context.beginPath();
    context.arc(width / 2, height / 2, Math.min(8.5, ((one.size || POINT_MM) * symbolFactor()) / 2), 0, 2 * Math.PI);
    context.fill();
    context.strokeStyle = style.outline.colour === "#ffffff" ? "#8593a1" : style.outline.colour;
    context.lineWidth = 0.6;
    context.stroke();
  } else {
    context.fillRect(2, 2, width - 4, height - 4);
    if (one.hatch) {
      context.save();
      context.beginPath();
      context.rect(2, 2, width - 4, height - 4);
      context.clip();
      context.strokeStyle = one.hatch;
      context.lineWidth = 1;
      for (let x = -height; x < width; x += 5) {
        context.beginPath();
        context.moveTo(x, height);
        context.lineTo(x + height, 0);
        context.stroke();
      }
      context.restore();
    }
    context.strokeStyle = one.hatch || style.outline.colour;
    context.lineWidth = 0.6;
    context.strokeRect(2.5, 2.5, width - 5, height - 5);
  }
  return canvas;
}

function linkLegend() {
  const model = data.spillovers[state.network - data.networks.length];
  if (model) return spilloverLegend(model);
  const network = data.networks[state.network];
  if (!network) return [];
  const counts = network.style.classes.map(() => 0);
  for (const position of network.classes) counts[position] += 1;
  const rows = network.style.classes.map((one, position) => element("li", {},
    element("div", {}, swatch(network.style, one), element("span", { class: "words" }, one.words),
      element("span", { class: "count" }, numberText(counts[position], 0)))));
  const heading = say("links_title", { network: network.name, title: network.style.title });
  const ways = state.city < 0 || !network.directed ? [] : [bothWays()];
  return [element("h3", { class: "apart" }, heading), element("ul", {}, ...rows), ...ways];
}

function bothWays() {
  return element("p", { class: "ways" }, element("span", { class: "sent" }, say("way_sent")),
    element("span", { class: "received" }, say("way_received")));
}

function spilloverLegend(model) {
  return [
    element("h3", { class: "apart" }, say("spillovers_of", { model: model.name })),
    ...(state.city < 0 ? [] : [bothWays()]),
    element("p", { class: "remark" }, state.city < 0 ? say("spillovers_choose") : say("spillovers_legend")),
  ];
}

listen(["shown", "links", "city", "room"], drawLegend);
