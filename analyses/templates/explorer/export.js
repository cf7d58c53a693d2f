// The selected cities, or all, as a CSV file: every variable, yearly ones in the shown year.

function csvCell(value) {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  // A spreadsheet would run a text that begins like a formula.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${text.replaceAll('"', '""')}"`;
}

function csvText() {
  const cities = state.selectedCount ? selectedCities() : [...Array(cityCount).keys()];
  const columns = data.variables.map((variable) => [variable, columnOf(variable)]);
  const head = [say("city_id"), say("city"), ...data.groups.map((group) => group.title)];
  for (const [variable, column] of columns) {
    const title = titleOf(variable, column);
    head.push(title);
    if (clustersOf(variable, column)) head.push(say("clusters_of", { what: title }));
  }
  const lines = [head, ...cities.map((at) => {
    const row = [data.cities.ids[at], names[at], ...data.groups.map((group) => group.words[group.codes[at]])];
    for (const [variable, column] of columns) {
      row.push(variable.values ? variable.values[column][at]
        : classWords(variable.style, variable.classes[column][at]));
      const clusters = clustersOf(variable, column);
      if (clusters) row.push(classWords(variable.clusters.style, clusters[at]));
    }
    return row;
  })];
  return lines.map((line) => line.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

byId("export").addEventListener("click", () => {
  const file = new Blob(["\ufeff", csvText()], { type: "text/csv;charset=utf-8" });
  const address = URL.createObjectURL(file);
  const link = element("a", { href: address, download: `${say("file_name")}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
});
