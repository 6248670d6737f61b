// Boards: the table sorts and filters, the plane follows it; nothing is fetched.
// Needs vendor/table-core.js, which holds what is sorted and filtered; the markup stays ours.
"use strict";

function makeTable(data, columns, changed) {
  const {createTable, getCoreRowModel, getFilteredRowModel, getSortedRowModel} = TableCore;
  const table = createTable({
    data, columns, state: {}, renderFallbackValue: null, enableSortingRemoval: false,
    getCoreRowModel: getCoreRowModel(), getFilteredRowModel: getFilteredRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const take = (state) => table.setOptions((options) => ({...options, state,
    onStateChange: (update) => {
      take(typeof update === "function" ? update(state) : update);
      changed();
    }}));
  take(table.initialState);
  return table;
}

function wireBoard(board) {
  const control = (name) => board.querySelector(`.toolbar [name="${name}"]`);
  const rows = [...board.querySelectorAll("tbody tr")];
  const body = board.querySelector("tbody");
  const stage = board.querySelector(".stage");
  const tip = board.querySelector(".tip");
  const fair = () => Boolean(control("fair") && control("fair").checked);

  const heads = [...board.querySelectorAll("thead th")];
  const columns = heads.flatMap((head, place) => {
    const button = head.querySelector("button");
    if (!button) return [];
    const {better} = button.dataset;
    const read = (row) => {
      const cell = row.cells[place];
      if (better === "text") return cell.dataset.value;
      const hidden = fair() && cell.classList.contains("contaminated");
      return hidden || !cell.dataset.value ? undefined : Number(cell.dataset.value);
    };
    return [{id: String(place), accessorFn: read, sortDescFirst: better === "higher",
      sortingFn: better === "text" ? "text" : "basic", sortUndefined: "last"}];
  });
  const table = makeTable(rows, [...columns,
    {id: "filter", accessorFn: (row) => `${row.dataset.title}\n${row.dataset.method}`,
      filterFn: "includesString"},
    {id: "kind", accessorFn: (row) => row.dataset.kind, filterFn: "equalsString"},
    {id: "trust", accessorFn: (row) => row.dataset.trust, filterFn: "equalsString"}], render);

  function render() {
    const shown = table.getRowModel().rows.map((row) => row.original);
    const names = new Set(shown.map((row) => row.dataset.method));
    for (const row of rows) row.hidden = !names.has(row.dataset.method);
    body.append(...shown);
    for (const point of board.querySelectorAll(".stage .point")) {
      const off = !names.has(point.dataset.method);
      point.classList.toggle("off", off);
      point.tabIndex = off ? -1 : 0;
    }
    for (const {id} of columns) {
      const order = table.getColumn(id).getIsSorted();
      heads[id].ariaSort = order ? `${order}ending` : "none";
    }
    board.querySelector(".status").textContent = `${shown.length} of ${rows.length} methods shown`
      + (fair() ? ", contaminated scores hidden" : "") + ".";
  }

  // the values of some cells have changed
  function refresh() {
    table.setOptions((options) => ({...options, data: [...rows]}));
    render();
  }

  function draw() {
    if (!stage) return;
    const [x, y] = [control("x"), control("y")];
    const variant = fair() ? "fair" : "all";
    const found = [...board.querySelectorAll("template")].find((one) => one.dataset.x === x.value
      && one.dataset.y === y.value && one.dataset.variant === variant);
    stage.replaceChildren(found ? found.content.cloneNode(true) : "These two have no plane.");
    const shares = new Map([...stage.querySelectorAll(".front-list li")].map((item) =>
      [item.dataset.method, item]));
    for (const row of rows) {
      const cell = row.querySelector("td[data-front]");
      const item = shares.get(row.dataset.method);
      cell.textContent = item ? item.querySelector("b").textContent : "—";
      cell.dataset.value = item ? item.dataset.share : "";
    }
    for (const point of stage.querySelectorAll(".point")) wirePoint(point);
    refresh();
  }

  function wirePoint(point) {
    const row = rows.find((one) => one.dataset.method === point.dataset.method);
    const show = () => {
      row.classList.add("lit");
      const lines = [row.dataset.title, ...[...row.querySelectorAll("td[data-text]")]
        .filter((cell) => !(fair() && cell.classList.contains("contaminated")))
        .map((cell) => cell.dataset.text)];
      tip.replaceChildren(...lines.map((line, index) => {
        const item = document.createElement(index ? "div" : "strong");
        item.textContent = line;
        return item;
      }));
      tip.hidden = false;
      const frame = tip.offsetParent.getBoundingClientRect();
      const place = point.querySelector(".marker").getBoundingClientRect();
      const right = place.right - frame.left + 12;
      const left = place.left - frame.left - tip.offsetWidth - 12;
      const wanted = right + tip.offsetWidth < frame.width ? right : left;
      tip.style.left = `${Math.max(4, wanted)}px`;
      tip.style.top = `${Math.max(4, Math.min(place.top - frame.top - 20,
        frame.height - tip.offsetHeight - 4))}px`;
    };
    const hide = () => {
      row.classList.remove("lit");
      tip.hidden = true;
    };
    point.addEventListener("mouseenter", show);
    point.addEventListener("focus", show);
    point.addEventListener("mouseleave", hide);
    point.addEventListener("blur", hide);
  }

  for (const {id} of columns) {
    const handle = table.getColumn(id).getToggleSortingHandler();
    heads[id].querySelector("button").addEventListener("click", handle);
  }
  const filters = ["filter", "kind", "trust"].filter(control);
  const narrow = () => {
    for (const name of filters) table.getColumn(name).setFilterValue(control(name).value.trim());
  };
  const apply = () => {
    narrow();
    board.classList.toggle("fair", fair());
    if (stage) draw(); else refresh();
  };
  for (const name of filters) control(name).addEventListener("input", narrow);
  for (const name of ["x", "y", "fair"].filter(control)) {
    control(name).addEventListener("change", apply);
  }
  for (const row of rows) {
    const lit = (on) => () => {
      for (const point of board.querySelectorAll(".stage .point")) {
        if (point.dataset.method === row.dataset.method) point.classList.toggle("lit", on);
      }
    };
    row.addEventListener("mouseenter", lit(true));
    row.addEventListener("focusin", lit(true));
    row.addEventListener("mouseleave", lit(false));
    row.addEventListener("focusout", lit(false));
  }
  apply();
  window.addEventListener("pageshow", apply); // by then a browser that goes back restored controls
}

function wireTheme(button) {
  const root = document.documentElement;
  const names = {auto: "theme: system", light: "theme: light", dark: "theme: dark"};
  const set = (theme) => {
    if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
    button.textContent = names[theme];
    button.dataset.now = theme;
  };
  let kept = "auto";
  try { kept = localStorage.getItem("pdbench-theme") || "auto"; } catch { /* kept by no one */ }
  set(names[kept] ? kept : "auto");
  button.addEventListener("click", () => {
    const order = Object.keys(names);
    set(order[(order.indexOf(button.dataset.now) + 1) % order.length]);
    try { localStorage.setItem("pdbench-theme", button.dataset.now); } catch { /* as above */ }
  });
}

document.documentElement.classList.add("scripted");
document.querySelectorAll(".theme").forEach(wireTheme);
document.querySelectorAll("section.board").forEach(wireBoard);
