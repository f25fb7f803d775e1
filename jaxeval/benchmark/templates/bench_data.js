// The board, and what is unpacked when somebody asks for it. Names are text always: nothing here is read as HTML.
const $ = (id) => document.getElementById(id);
const board = JSON.parse($("board").textContent);
const placeName = (place) => board.places[place] || "all datasets";
const unpacked = new Map();

// A part of the page's data by its id: base64 of deflated JSON.
function unpack(id) {
  if (!unpacked.has(id)) {
    const bytes = Uint8Array.from(atob($(id).textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    unpacked.set(id, new Response(stream).json());
  }
  return unpacked.get(id);
}

// An element with its properties and children; a child that is no element is text.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "style") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

// As jaxeval's `format_value`: halves go to the even digit, as in Python.
function format(score, value) {
  const tiny = score.decimals >= 4 && value && Math.abs(value) < 10 ** (1 - score.decimals);
  const power = tiny || Math.abs(value) >= 1e9;
  let text = power ? exponent(Math.abs(value)) : rounded(Math.abs(value), score.decimals);
  const zero = !tiny && Number(text) === 0;
  if (value < 0 && !zero) text = `−${text}`;
  else if (score.signed && !zero) text = `+${text}`;
  return text;
}

function exponent(value) {
  const [digits, power] = value.toExponential(1).split("e");
  return `${digits}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}

function rounded(value, decimals) {
  const scaled = value * 10 ** decimals;
  const floor = Math.floor(scaled);
  const half = scaled - floor === 0.5 && scaled / 10 ** decimals === value && Number.isInteger(value * 2 ** 20);
  return half ? ((floor + (floor % 2)) / 10 ** decimals).toFixed(decimals) : value.toFixed(decimals);
}

const numbered = (names) => names.map((name, number) => make("option", { value: number }, name));
