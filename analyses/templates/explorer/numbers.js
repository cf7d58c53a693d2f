// Words of the page, numbers as text, and small helpers to build elements.

const MINUS = "\u2212";
const MISSING = "\u2014";

// The wording of a key, {placeholders} filled.
function say(key, values = {}) {
  const wording = data.words[key];
  if (wording === undefined) throw new Error(`no wording ${key}`);
  return wording.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

// A number as in the tables of the study: true minus, thousands set apart in English only.
function numberText(value, decimals) {
  if (!Number.isFinite(value)) return MISSING;
  let text = Math.abs(value).toFixed(decimals);
  const negative = value < 0 && /[1-9]/.test(text);
  if (data.language === "en") {
    const [whole, part] = text.split(".");
    text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
  }
  return negative ? MINUS + text : text;
}

// Decimals that show at least two digits of a small number.
function decimalsFor(value, least) {
  const size = Math.abs(value);
  if (!(size > 0)) return least;
  return Math.min(8, Math.max(least, 1 - Math.floor(Math.log10(size))));
}

function pText(p) {
  return p < 0.001 ? "p\u00a0<\u00a00.001" : `p\u00a0=\u00a0${p.toFixed(3)}`;
}

// Build an element; texts are only ever texts.
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

const names = data.cities.names;

// Short names for lists, the full one where the short one comes twice.
const briefNames = (() => {
  const counts = new Map();
  for (const name of data.cities.short) counts.set(name, (counts.get(name) || 0) + 1);
  return data.cities.short.map((name, at) => (counts.get(name) > 1 ? names[at] : name));
})();
