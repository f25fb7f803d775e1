// The leaderboard: its place, its columns, its methods and their order.
const paradigms = [...new Set(board.methods.map(([, paradigm]) => paradigm))];
const state = { place: 0, columns: new Set(board.headline), shown: new Set(paradigms), words: "", sort: null };
state.sort = { score: board.headline[0], reversed: false };

// Chosen scores in the headline's or the catalogue's order, each metric's lag behind its last aligned score.
function columns() {
  const order = [...new Set([...board.headline, ...board.scores.keys()])];
  const chosen = order.filter((score) => state.columns.has(score));
  const lags = chosen.map((score) => board.scores[score].lag);
  const list = chosen.flatMap((score, k) => (lags[k] !== null && lags.lastIndexOf(lags[k]) === k ? [score, lags[k]] : [score]));
  return [...new Set(list)];
}

function standing(place, score, method) {
  const told = board.standings[place][score].of[method];
  if (!told) return null;
  const [mean, low, high, n, of, rank, worst, verdict] = told;
  return { mean, low, high, n, of, rank, worst, verdict };
}

function sortedMethods() {
  const shown = board.methods.map((_, method) => method).filter((method) => {
    const [name, paradigm] = board.methods[method];
    const words = `${name} ${paradigm}`.toLowerCase();
    return state.shown.has(paradigm) && state.words.split(/\s+/).every((word) => words.includes(word));
  });
  const { score, reversed } = state.sort;
  if (score === undefined) return shown;
  if (score === null) {
    const byName = shown.sort((a, b) => board.methods[a][0].localeCompare(board.methods[b][0], "en", { numeric: true }));
    return reversed ? byName.reverse() : byName;
  }
  const sign = (board.scores[score].better === "↑" ? -1 : 1) * (reversed ? -1 : 1);
  const mean = (method) => standing(state.place, score, method)?.mean ?? null;
  const lacking = (method) => mean(method) === null;
  return shown.sort((a, b) => lacking(a) - lacking(b) || sign * (mean(a) - mean(b)));
}

function ends(place, score) {
  const told = board.methods.map((_, method) => standing(place, score, method)).filter((each) => each && each.mean !== null);
  const numbers = told.flatMap(({ mean, low, high }) => (low === null ? [mean] : [mean, low, high]));
  return [Math.min(...numbers), Math.max(...numbers)];
}

const place = (x, [low, high]) => Number(((100 * (x - low)) / (high - low)).toFixed(1));

function ranksOf({ rank, worst }) {
  const [plain, counted] = [rank, worst].map((each) => (each === null ? "–" : String(Number(each.toPrecision(6)))));
  if (rank === null && worst === null) return "";
  return plain === counted ? plain : `${plain} → ${counted}`;
}

function markOf(told, method, score, where) {
  return board.standings[where][score].alone === method ? "★" : told.verdict ? "◇" : "";
}

const markWords = { "★": "significantly the best", "◇": "the best, or not told from it", "": "" };

function intervalOf(score, { low, high }) {
  return low === null ? "" : `${format(score, low)} to ${format(score, high)}`;
}

function cell(number, method, range) {
  const told = standing(state.place, number, method);
  const score = board.scores[number];
  if (!told) return make("td", {}, make("span", { className: "cell" }, make("span", { className: "value" }, "–")));
  const mark = markOf(told, method, number, state.place);
  const text = told.mean === null ? "–" : format(score, told.mean);
  const parts = [make("span", { className: "value" }, make("b", { className: "mark" }, mark), text)];
  const interval = told.mean === null ? "" : intervalOf(score, told);
  if (interval && range[1] > range[0]) {
    const at = ["low", "high", "mean"].map((end) => `--${end}:${place(told[end], range)}%`).join(";");
    parts.push(make("span", { className: "range", title: interval, style: at }));
  }
  const few = told.n < 0.9 * told.of ? "few" : "";
  const coverage = told.n < told.of ? make("i", { className: few }, `${told.n}/${told.of}`) : "";
  parts.push(make("small", {}, ranksOf(told), coverage && " ", coverage));
  const words = [`${board.methods[method][0]}, ${score.label} ${text}`, interval && `interval ${interval}`, markWords[mark]];
  const label = `${words.filter(Boolean).join(", ")}, ${told.n} of ${told.of} clips: show them`;
  const button = make("button", { type: "button", className: "cell", "aria-label": label }, ...parts);
  button.addEventListener("click", () => showClips(state.place, number, method));
  return make("td", {}, button);
}

function head(number) {
  const sorted = state.sort.score === number;
  const score = number === null ? { label: "method", better: "", unit: "" } : board.scores[number];
  const upward = (score.better !== "↑") !== state.sort.reversed;
  const button = make("button", { type: "button", className: "sort", "aria-label": `sort by ${score.label}` });
  button.append(sorted ? (upward ? "▴" : "▾") : "⇅");
  button.addEventListener("click", () => {
    state.sort = { score: number, reversed: sorted && !state.sort.reversed };
    render();
    document.querySelector(`#board-table th[data-score="${number}"] button`).focus();
  });
  const named = number === null ? "method" : make("a", { href: `#def-${score.name}`, title: score.definition }, score.label);
  const element = make("th", { scope: "col", "data-score": number, className: number === null ? "clip" : "" }, named, " ");
  element.append(number === null ? button : make("small", {}, `${score.unit} ${score.better} `, button));
  if (sorted) element.setAttribute("aria-sort", upward ? "ascending" : "descending");
  return element;
}

function render() {
  const shown = columns();
  const ranges = new Map(shown.map((score) => [score, ends(state.place, score)]));
  const rows = sortedMethods().map((method) => {
    const [name, paradigm, year] = board.methods[method];
    const about = make("small", {}, year ? `${paradigm}, ${year}` : paradigm);
    const title = make("th", { scope: "row", className: "clip" }, make("span", {}, name, about));
    return make("tr", {}, title, ...shown.map((score) => cell(score, method, ranges.get(score))));
  });
  const heads = make("tr", {}, head(null), ...shown.map(head));
  $("board-table").replaceChildren(make("thead", {}, heads), make("tbody", {}, ...rows));
  $("shown-place").textContent = placeName(state.place);
  $("chosen").textContent = `${shown.length} of ${board.scores.length}`;
  for (const box of document.querySelectorAll("#groups input")) box.checked = state.columns.has(Number(box.value));
}

function ticked(value, text, checked, change) {
  const box = make("input", { type: "checkbox", value, checked });
  box.addEventListener("change", () => { change(box.checked); render(); });
  return make("label", {}, box, ` ${text}`);
}

const toggle = (set, value, on) => (on ? set.add(value) : set.delete(value));

function startTable() {
  $("place").append(...numbered(board.places.map((_, number) => placeName(number))));
  $("place").addEventListener("change", () => { state.place = Number($("place").value); render(); });
  $("filter").addEventListener("input", () => { state.words = $("filter").value.trim().toLowerCase(); render(); });
  if (paradigms.length > 1) {
    $("paradigms").append(...paradigms.map((name) => ticked(name, name, true, (on) => toggle(state.shown, name, on))));
  }
  for (const [title, members] of board.groups) {
    const boxes = members.map((score) => ticked(score, board.scores[score].label, false, (on) => toggle(state.columns, score, on)));
    $("groups").append(make("fieldset", {}, make("legend", {}, title), ...boxes));
  }
  const presets = { "only-headline": board.headline, "only-all": [...board.scores.keys()], "only-none": [] };
  for (const [id, chosen] of Object.entries(presets)) {
    $(id).addEventListener("click", () => { state.columns = new Set(chosen); render(); });
  }
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("controls").hidden = $("hint").hidden = false;
  render();
}
startTable();
