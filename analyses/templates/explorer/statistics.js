// Moran's I, ranks and means of what is shown. The same arithmetic as spatial.autocorrelation:
// values with mean 0 and mean square 1 (divisor n), weights as they are, cities without neighbours
// kept in n but without a lag.

function standardised(values) {
  let lowest = Infinity, highest = -Infinity, mean = 0;
  for (const value of values) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
    mean += value / values.length;
  }
  if (highest - lowest <= 1e-12 * Math.max(Math.abs(lowest), Math.abs(highest))) return null;
  const z = values.map((value) => value - mean);
  let square = 0;
  for (const deviation of z) square += (deviation * deviation) / z.length;
  return z.map((deviation) => deviation / Math.sqrt(square));
}

function lagOf(z) {
  const { neighbours, entries } = data.weights;
  const lag = new Float64Array(z.length);
  for (let row = 0; row < z.length; row++) {
    const others = neighbours[row], weights = entries[row];
    if (!others.length) {
      lag[row] = NaN;
      continue;
    }
    let sum = 0;
    for (let at = 0; at < others.length; at++) {
      sum += z[others[at]] * (Array.isArray(weights) ? weights[at] : weights);
    }
    lag[row] = sum;
  }
  return lag;
}

const weightSum = data.weights ? data.weights.neighbours.reduce((sum, others, row) => {
  const weights = data.weights.entries[row];
  return sum + (Array.isArray(weights)
    ? weights.reduce((part, one) => part + one, 0) : others.length * weights);
}, 0) : 0;

const moranKnown = new Map();

// { z, lag, statistic, isolated } of a column, or { reason } why there is none.
function moranOf(variable, column) {
  const key = `${data.variables.indexOf(variable)}/${column}`;
  if (!moranKnown.has(key)) moranKnown.set(key, computedMoran(variable, column));
  return moranKnown.get(key);
}

function computedMoran(variable, column) {
  if (!variable.values) return { reason: say("reason_categories") };
  if (!data.weights) return { reason: say("reason_weights") };
  if (!weightSum) return { reason: say("reason_isolated") };
  const values = variable.values[column];
  const missing = values.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
  if (missing) {
    return { reason: say(variable.years.length ? "reason_missing_year" : "reason_missing",
      { count: missing }) };
  }
  const z = standardised(values);
  if (!z) return { reason: say("reason_constant") };
  const lag = lagOf(z);
  let product = 0, isolated = 0;
  for (let at = 0; at < z.length; at++) {
    if (Number.isNaN(lag[at])) isolated += 1; else product += z[at] * lag[at];
  }
  return { z, lag, isolated, statistic: product / weightSum };
}

// 0 High-High, 1 Low-High, 2 Low-Low, 3 High-Low: own value first; at the mean counts as low.
function quadrantOf(moran, at) {
  if (Number.isNaN(moran.lag[at])) return -1;
  if (moran.lag[at] > 0) return moran.z[at] > 0 ? 0 : 1;
  return moran.z[at] > 0 ? 3 : 2;
}

const ranksKnown = new WeakMap();

// Rank of every city, 1 for the highest; equal values share the better rank, missing ones have 0.
function ranksOf(values) {
  if (ranksKnown.has(values)) return ranksKnown.get(values);
  const order = [...values.keys()].filter((at) => Number.isFinite(values[at]))
    .sort((a, b) => values[b] - values[a]);
  const ranks = new Int32Array(values.length);
  order.forEach((at, place) => {
    const before = order[place - 1];
    ranks[at] = place && values[before] === values[at] ? ranks[before] : place + 1;
  });
  ranks.count = order.length;
  ranks.order = order;
  ranksKnown.set(values, ranks);
  return ranks;
}

function meanOf(values, cities) {
  let sum = 0, count = 0;
  for (const at of cities) {
    if (!Number.isFinite(values[at])) continue;
    sum += values[at];
    count += 1;
  }
  return count ? sum / count : NaN;
}

function selectedCities() {
  return [...state.selected.keys()].filter((at) => state.selected[at]);
}
