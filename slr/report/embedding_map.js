"use strict";
(() => {
const view = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const clips = view.clips.map(([id, gloss, signer, split, x, y, near], index) =>
  ({index, id, gloss, signer, split, x, y, near}));
const names = {gloss: view.glosses, signer: view.signers};
const title = {gloss: "Signs", signer: view.pseudo_signers ? "Pseudo-signers" : "Signers"};
const text = clip => [view.glosses[clip.gloss], signerOf(clip), clip.id];
const signerOf = clip => clip.signer < 0 ? "unknown" : view.signers[clip.signer];
const lower = clips.map(clip => text(clip).join("\n").toLowerCase());
const shapes = ["circle", "triangle", "square"];

const state = {colour: "gloss", only: null, splits: new Set(view.splits.keys()), query: "", chosen: null, hovered: null};
const camera = {x: 0.5, y: 0.5, zoom: 1};

// Colours: ten that are well apart, then hues by the golden angle, so that neighbours in the legend differ.
const TEN = ["#2f7fd6", "#e07b39", "#2c9a5b", "#d14d57", "#8a63c9", "#a0714f", "#d667b0", "#7f8a96", "#a8a421", "#21a5b5"];
const GREY = "#8a94a3";
function colourOf(kind, number) {
  if (number < 0) return GREY;
  return names[kind].length <= TEN.length ? TEN[number]
    : `hsl(${(number * 137.508) % 360} ${62 - 14 * (number % 2)}% ${[50, 42, 60][number % 3]}%)`;
}
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Which clips are shown at all (splits), and which of them stand out (search, legend).
const visible = clip => state.splits.has(clip.split);
const stands = clip => (state.only === null || clip[state.colour] === state.only)
  && (!state.query || lower[clip.index].includes(state.query));
const matches = () => clips.filter(clip => visible(clip) && stands(clip));

// ---- the map
const map = $("map"), pen = map.getContext("2d");
let size = {width: 1, height: 1, side: 1};
function measure() {
  const box = map.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
  map.width = Math.max(1, Math.round(box.width * ratio));
  map.height = Math.max(1, Math.round(box.height * ratio));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  size = {width: box.width, height: box.height, side: 0.94 * Math.min(box.width, box.height)};
  draw();
}
const place = clip => [size.width / 2 + (clip.x - camera.x) * size.side * camera.zoom,
                       size.height / 2 + (clip.y - camera.y) * size.side * camera.zoom];

function mark(context, shape, x, y, r) {
  context.beginPath();
  if (shape === "circle") context.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === "square") context.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
  else {
    context.moveTo(x, y - 1.25 * r);
    context.lineTo(x + 1.15 * r, y + 0.85 * r);
    context.lineTo(x - 1.15 * r, y + 0.85 * r);
    context.closePath();
  }
}

function draw() {
  pen.clearRect(0, 0, size.width, size.height);
  const paper = css("--paper"), ink = css("--ink"), radius = (clips.length > 800 ? 3.4 : 4.6) * Math.sqrt(Math.sqrt(camera.zoom));
  const shown = clips.filter(visible);
  for (const bright of [false, true]) {  // what stands out lies on top
    pen.globalAlpha = bright ? 0.9 : 0.13;
    for (const clip of shown) {
      if (stands(clip) !== bright) continue;
      mark(pen, shapes[clip.split % 3], ...place(clip), radius);
      pen.fillStyle = colourOf(state.colour, clip[state.colour]);
      pen.fill();
      pen.lineWidth = 0.8;
      pen.strokeStyle = paper;
      pen.stroke();
    }
  }
  pen.globalAlpha = 1;
  for (const [clip, width] of [[state.hovered, 1.5], [state.chosen, 2.5]]) {
    if (!clip || !visible(clip)) continue;
    mark(pen, shapes[clip.split % 3], ...place(clip), radius + 3);
    pen.lineWidth = width;
    pen.strokeStyle = ink;
    pen.stroke();
  }
}

function nearest(x, y, reach = 14) {
  let best = null, distance = reach * reach;
  for (const clip of clips) {
    if (!visible(clip)) continue;
    const [cx, cy] = place(clip), d = (cx - x) ** 2 + (cy - y) ** 2 + (stands(clip) ? 0 : 40);
    if (d < distance) [best, distance] = [clip, d];
  }
  return best;
}

function zoom(factor, x = size.width / 2, y = size.height / 2) {
  const before = camera.zoom;
  camera.zoom = Math.min(60, Math.max(0.6, camera.zoom * factor));
  const shift = (1 / before - 1 / camera.zoom) / size.side;  // what is under the pointer stays there
  camera.x += (x - size.width / 2) * shift;
  camera.y += (y - size.height / 2) * shift;
  hover(null);
}
function showAll() {
  Object.assign(camera, {x: 0.5, y: 0.5, zoom: 1});
  hover(null);
}
function bringIntoView(clip) {
  const [x, y] = place(clip);
  if (x < 0 || y < 0 || x > size.width || y > size.height) Object.assign(camera, {x: clip.x, y: clip.y});
}

function hover(clip) {
  state.hovered = clip;
  const tip = $("tip");
  tip.hidden = !clip;
  if (clip) {
    const [gloss, signer, id] = text(clip), strong = document.createElement("strong");
    strong.textContent = gloss;
    tip.replaceChildren(strong, document.createElement("br"), `signer ${signer}, ${view.splits[clip.split]}`,
                        document.createElement("br"), id);
    const [x, y] = place(clip), left = map.offsetLeft + x + 14, top = map.offsetTop + y + 14;
    tip.style.left = `${Math.max(0, Math.min(left, map.offsetLeft + size.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.min(top, map.offsetTop + size.height - tip.offsetHeight - 4)}px`;
  }
  draw();
}

const point = event => {
  const box = map.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
let drag = null;
map.addEventListener("pointerdown", event => {
  drag = {at: point(event), moved: false};
  map.setPointerCapture?.(event.pointerId);
});
map.addEventListener("pointermove", event => {
  const [x, y] = point(event);
  if (!drag) return hover(nearest(x, y));
  if (drag.moved || Math.hypot(x - drag.at[0], y - drag.at[1]) > 4) {
    camera.x -= (x - drag.at[0]) / size.side / camera.zoom;
    camera.y -= (y - drag.at[1]) / size.side / camera.zoom;
    drag = {at: [x, y], moved: true};
    hover(null);
  }
});
map.addEventListener("pointerup", event => {
  if (drag && !drag.moved) {
    const clip = nearest(...point(event));
    if (clip) choose(clip, true);
  }
  drag = null;
});
map.addEventListener("pointercancel", () => { drag = null; });
map.addEventListener("pointerleave", () => hover(null));
map.addEventListener("wheel", event => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 400), ...point(event));
}, {passive: false});

// From clip to clip: the nearest one that lies within 45 degrees of the arrow, and stands out.
function step(dx, dy) {
  const found = matches();
  if (!found.length) return;
  if (!state.chosen || !visible(state.chosen)) return choose(found[0]);
  const from = state.chosen;
  let best = null, least = Infinity;
  for (const clip of found) {
    const along = (clip.x - from.x) * dx + (clip.y - from.y) * dy, across = Math.abs((clip.x - from.x) * dy - (clip.y - from.y) * dx);
    if (clip !== from && along > 0 && across <= along && along + 2 * across < least) [best, least] = [clip, along + 2 * across];
  }
  if (best) choose(best);
}
const KEYS = {
  ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
  Enter: () => toggle(), " ": () => toggle(), "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4),
  0: () => showAll(), Escape: () => choose(null),
};
map.addEventListener("keydown", event => {
  if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  KEYS[event.key]();
});
$("in").addEventListener("click", () => zoom(1.4));
$("out").addEventListener("click", () => zoom(1 / 1.4));
$("all").addEventListener("click", showAll);

// ---- the chosen clip
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const board = $("skeleton").getContext("2d"), video = $("video");
const player = {pose: null, frame: 0, playing: false, last: 0};

function choose(clip, play = false) {
  state.chosen = clip;
  pause();
  player.pose = clip && view.poses[clip.index] ? unpack(view.poses[clip.index]) : null;
  player.frame = 0;
  const film = clip && view.videos[clip.index];
  video.hidden = !film;
  video.controls = !player.pose;
  if (film) video.src = `data:video/mp4;base64,${film}`;
  else video.removeAttribute("src");
  $("skeleton").hidden = $("player").hidden = !player.pose;
  $("near").hidden = !clip;
  if (clip) {
    const [gloss, signer, id] = text(clip);
    $("name").textContent = gloss;
    $("what").textContent = `signer ${signer}, ${view.splits[clip.split]}, clip ${id}` + (player.pose ? ""
      : film ? "" : "; its skeleton is not in this page, which holds those of some clips only");
    $("neighbours").replaceChildren(...clip.near.map(index => item(clips[index].gloss === clip.gloss ? "✓" : "✗", clips[index])));
    bringIntoView(clip);
  } else {
    $("name").textContent = "No clip chosen";
    $("what").textContent = "Hover over a clip to read its name, click it to see it signed.";
  }
  if (player.pose) {
    $("time").max = player.pose.frames - 1;
    if (play && !still.matches) start();
    paint();
  }
  draw();
}
function item(sign, clip) {
  const row = document.createElement("li"), button = document.createElement("button"), label = document.createElement("span"), who = document.createElement("small");
  button.type = "button";
  label.textContent = `${sign} ${view.glosses[clip.gloss]}`;
  who.textContent = signerOf(clip);
  button.append(label, who);
  button.addEventListener("click", () => choose(clip, true));
  row.append(button);
  return row;
}

function unpack(pose) {
  const bytes = Uint8Array.from(atob(pose.data), letter => letter.charCodeAt(0));
  return {fps: pose.fps, bytes, frames: bytes.length / (2 * view.joints)};
}
const start = () => { player.playing = true; player.last = performance.now(); $("play").textContent = "Stop"; requestAnimationFrame(tick); };
const pause = () => { player.playing = false; $("play").textContent = "Play"; video.pause(); };
function toggle() {
  if (!player.pose) return;
  player.playing ? pause() : start();
}
function tick(now) {
  if (!player.playing || !player.pose) return;
  player.frame += Math.max(0, now - player.last) / 1000 * player.pose.fps;  // the first may be of a frame begun before
  player.last = now;
  if (player.frame > player.pose.frames - 1 + 0.4 * player.pose.fps) player.frame = 0;  // rests before it begins anew
  paint();
  requestAnimationFrame(tick);
}

// The video goes along with the skeleton, and is moved where it doesn't.
function follow() {
  if (video.hidden) return;
  const seconds = player.frame / player.pose.fps;
  if (Math.abs(video.currentTime - seconds) > (player.playing ? 0.25 : 0.01) && !(video.ended && seconds > video.currentTime)) video.currentTime = seconds;
  if (player.playing && video.paused && !video.ended) video.play().catch(() => {});  // a browser may refuse to play
}

// Joints between two frames are where both frames have them, so that slow clips don't jump.
function paint() {
  const {bytes, frames} = player.pose, wide = $("skeleton").width / 255;
  const at = Math.min(player.frame, frames - 1), before = Math.floor(at), after = Math.min(before + 1, frames - 1);
  const byte = (frame, joint, axis) => bytes[(frame * view.joints + joint) * 2 + axis];
  const joint = (number, axis) => byte(before, number, axis)
    + (byte(after, number, 0) === 255 ? 0 : (at - before) * (byte(after, number, axis) - byte(before, number, axis)));
  board.clearRect(0, 0, $("skeleton").width, $("skeleton").height);
  board.lineCap = "round";
  for (const [a, b, part] of view.bones) {
    if (byte(before, a, 0) === 255 || byte(before, b, 0) === 255) continue;
    board.beginPath();
    board.moveTo(joint(a, 0) * wide, joint(a, 1) * wide);
    board.lineTo(joint(b, 0) * wide, joint(b, 1) * wide);
    board.lineWidth = {pose: 6, face: 2}[part] ?? 4;
    board.strokeStyle = view.colours[part];
    board.stroke();
  }
  $("time").value = at;
  follow();
}
$("play").addEventListener("click", toggle);
$("time").addEventListener("input", () => { pause(); player.frame = Number($("time").value); paint(); });

// ---- legend, splits, search
function legend() {
  $("legend-title").textContent = title[state.colour];
  const counts = new Map();
  for (const clip of clips) counts.set(clip[state.colour], (counts.get(clip[state.colour]) ?? 0) + 1);
  const rows = [...counts].sort(([a], [b]) => (a < 0) - (b < 0) || a - b).map(([number, count]) => {
    const row = document.createElement("li"), button = document.createElement("button");
    const swatch = document.createElement("i"), label = document.createElement("span"), many = document.createElement("small");
    button.type = "button";
    button.setAttribute("aria-pressed", state.only === number);
    swatch.style.setProperty("--swatch", colourOf(state.colour, number));
    label.textContent = number < 0 ? "unknown" : names[state.colour][number];
    many.textContent = count;
    button.append(swatch, label, many);
    button.addEventListener("click", () => {
      state.only = state.only === number ? null : number;
      for (const other of $("legend").querySelectorAll("button")) other.setAttribute("aria-pressed", other === button && state.only !== null);
      update();
    });
    row.append(button);
    return row;
  });
  $("legend").replaceChildren(...rows);
}
function update() {
  const found = matches().length;
  $("count").textContent = found === clips.length ? `${found} clips` : `${found} of ${clips.length} clips`;
  draw();
}
for (const [number, split] of view.splits.entries()) {
  const label = document.createElement("label"), box = document.createElement("input"), picture = document.createElement("canvas");
  box.type = "checkbox";
  box.checked = true;
  box.addEventListener("change", () => { state.splits[box.checked ? "add" : "delete"](number); update(); });
  picture.width = picture.height = 16;
  const small = picture.getContext("2d");
  mark(small, shapes[number % 3], 8, 8, 5.5);
  small.fillStyle = GREY;
  small.fill();
  label.append(box, picture, split);
  $("splits").append(label);
}
for (const radio of document.querySelectorAll("input[name=colour]")) {
  radio.addEventListener("change", () => { state.colour = radio.value; state.only = null; legend(); update(); });
}
$("search").addEventListener("input", () => { state.query = $("search").value.trim().toLowerCase(); update(); });
$("search").addEventListener("keydown", event => {
  const found = event.key === "Enter" ? matches() : [];
  if (found.length) choose(found[(found.indexOf(state.chosen) + 1) % found.length], true);
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { draw(); if (player.pose) paint(); });
new ResizeObserver(measure).observe(map);

legend();
update();
measure();
})();
