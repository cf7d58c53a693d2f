// Pointer, wheel and keys on the map.

let rubberBand = null;
let boxMode = false;
const CLICK_SLACK = 4;
const pointers = new Map();
let press = null;

function pointOf(event, canvas) {
  const frame = canvas.getBoundingClientRect();
  return [event.clientX - frame.left, event.clientY - frame.top];
}

topCanvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  const [x, y] = pointOf(event, topCanvas);
  topCanvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, [x, y]);
  press = { x, y, moved: false, banding: boxMode || event.shiftKey };
  hideTip();
});

topCanvas.addEventListener("pointermove", (event) => {
  const [x, y] = pointOf(event, topCanvas);
  if (!pointers.has(event.pointerId)) {
    const at = cityAt(x, y);
    hoverCity(at);
    showTip(at, x, y);
    return;
  }
  const [px, py] = pointers.get(event.pointerId);
  if (pointers.size === 2) pinch(event.pointerId, x, y);
  else if (press) {
    press.moved ||= Math.hypot(x - press.x, y - press.y) > CLICK_SLACK;
    if (press.moved && press.banding) {
      rubberBand = [press.x, press.y, x, y];
      changed("band");
    } else if (press.moved) panBy(x - px, y - py);
  }
  if (!press || press.moved || pointers.size === 2) pointers.set(event.pointerId, [x, y]);
});

function pinch(moving, x, y) {
  const [other] = [...pointers].filter(([id]) => id !== moving).map(([, point]) => point);
  const [px, py] = pointers.get(moving);
  const before = Math.hypot(px - other[0], py - other[1]);
  const now = Math.hypot(x - other[0], y - other[1]);
  if (press) press.moved = true;
  if (before > 0) zoomAt((x + other[0]) / 2, (y + other[1]) / 2, now / before);
}

topCanvas.addEventListener("pointerup", (event) => {
  pointers.delete(event.pointerId);
  if (!press || pointers.size) return;
  const [x, y] = pointOf(event, topCanvas);
  if (rubberBand) {
    const [x0, y0] = rubberBand;
    select(citiesInBox(Math.min(x0, x), Math.min(y0, y), Math.max(x0, x), Math.max(y0, y)),
      event.ctrlKey || event.metaKey);
    endBand();
  } else if (!press.moved) clickMap(cityAt(x, y), event);
  press = null;
});

topCanvas.addEventListener("pointercancel", (event) => {
  pointers.delete(event.pointerId);
  press = null;
  endBand();
});

topCanvas.addEventListener("pointerleave", () => {
  if (pointers.size) return;
  hoverCity(-1);
  hideTip();
});

function clickMap(at, event) {
  if (event.shiftKey || event.ctrlKey || event.metaKey || boxMode) {
    if (at >= 0) toggleSelected(at);
  } else chooseCity(at);
}

function endBand() {
  rubberBand = null;
  changed("band");
}

topCanvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  hideTip();
  const lines = event.deltaMode === 1 ? 24 : 1;
  zoomAt(...pointOf(event, topCanvas), Math.exp(-event.deltaY * lines * 0.0016));
}, { passive: false });

topCanvas.addEventListener("dblclick", (event) => zoomAt(...pointOf(event, topCanvas), 2));

const STEP = 60;
const MAP_KEYS = {
  ArrowLeft: () => panBy(STEP, 0),
  ArrowRight: () => panBy(-STEP, 0),
  ArrowUp: () => panBy(0, STEP),
  ArrowDown: () => panBy(0, -STEP),
  "+": () => zoomMiddle(1.4),
  "=": () => zoomMiddle(1.4),
  "-": () => zoomMiddle(1 / 1.4),
  0: showHome,
  Home: showHome,
};

topCanvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in MAP_KEYS)) return;
  event.preventDefault();
  MAP_KEYS[event.key]();
});

byId("zoom-in").addEventListener("click", () => zoomMiddle(1.6));
byId("zoom-out").addEventListener("click", () => zoomMiddle(1 / 1.6));
byId("zoom-home").addEventListener("click", showHome);
byId("box").addEventListener("click", () => {
  boxMode = !boxMode;
  byId("box").setAttribute("aria-pressed", String(boxMode));
  mapBox.classList.toggle("boxing", boxMode);
});

// A note beside the pointer: name, value, class.
const tip = byId("tip");

function showTip(at, x, y) {
  mapBox.classList.toggle("over-city", at >= 0);
  if (at < 0) {
    hideTip();
    return;
  }
  tip.replaceChildren(
    element("strong", {}, names[at]),
    ...describedLines(at).map((line) => element("span", {}, line)),
  );
  tip.hidden = false;
  const left = x + 16 + tip.offsetWidth > view.width ? x - tip.offsetWidth - 12 : x + 16;
  const top = y + 16 + tip.offsetHeight > view.height ? y - tip.offsetHeight - 12 : y + 16;
  tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
}

function hideTip() {
  tip.hidden = true;
}
