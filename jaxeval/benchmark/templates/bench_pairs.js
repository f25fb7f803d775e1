// What differs: every pair of methods by one score.
const compared = board.scores.flatMap((_, score) => ($(`contests-${score}`) ? [score] : []));

// The place of a pair in a row by row list of the upper triangle.
const pairAt = (a, b) => a * board.methods.length - (a * (a + 1)) / 2 + b - a - 1;

function probability(p) {
  return p < 0.001 ? "<.001" : p.toFixed(3).replace(/^0/, "");
}

function pairCell(contest, better, row, column) {
  if (row === column) return make("td", { className: "missing" }, "");
  const at = pairAt(Math.min(row, column), Math.max(row, column));
  const p = contest.p[at];
  if (p === null) return make("td", { className: "missing", title: "no test" }, "–");
  const gain = contest.difference[at] * (row < column ? 1 : -1) * (better === "↑" ? 1 : -1);
  const told = p < 1 - board.level;
  const mark = told ? (gain > 0 ? "▲" : "▼") : "·";
  const needed = contest.needed[at] === null ? "" : make("small", {}, String(contest.needed[at]));
  const words = told ? (gain > 0 ? "better" : "worse") : "";
  return make("td", { className: words, title: `${board.methods[row][0]} against ${board.methods[column][0]}` }, `${mark} ${probability(p)}`, needed);
}

const shownNumber = (value, digits) => (value === null ? "–" : value.toFixed(digits));

function contestWords(contest) {
  const test = `Friedman's χ² ${shownNumber(contest.statistic, 2)}, p ${contest.chance === null ? "–" : probability(contest.chance)}`;
  const agreed = `Kendall's W ${shownNumber(contest.w, 2)} over ${contest.blocks} blocks`;
  const ranks = `critical difference of mean ranks ${shownNumber(contest.critical, 2)}`;
  return `${test}; ${agreed}; ${ranks}.`;
}

async function renderPairs() {
  const score = Number($("pair-score").value);
  const contest = (await unpack(`contests-${score}`))[$("pair-place").value];
  const names = board.methods.map(([name]) => name);
  $("pair-words").textContent = contest ? contestWords(contest) : "Not compared on this dataset.";
  const heads = make("tr", {}, make("th", {}), ...names.map((name) => make("th", { scope: "col" }, name)));
  const lines = names.map((name, row) => {
    const cells = names.map((_, column) => pairCell(contest, board.scores[score].better, row, column));
    return make("tr", {}, make("th", { scope: "row", className: "clip" }, name), ...cells);
  });
  $("pair-table").replaceChildren(...(contest ? [make("thead", {}, heads), make("tbody", {}, ...lines)] : []));
}

function startPairs() {
  if (!compared.length || board.methods.length < 2) return;
  const first = board.headline.find((score) => compared.includes(score)) ?? compared[0];
  $("pair-score").append(...compared.map((score) => make("option", { value: score }, board.scores[score].label)));
  $("pair-score").value = first;
  $("pair-place").append(...numbered(board.places.map((_, number) => placeName(number))));
  for (const id of ["pair-score", "pair-place"]) $(id).addEventListener("change", renderPairs);
  $("pairs").hidden = false;
  new IntersectionObserver((seen, watch) => {
    if (!seen.some((each) => each.isIntersecting)) return;
    watch.disconnect();
    renderPairs();
  }).observe($("pairs"));
}
startPairs();
