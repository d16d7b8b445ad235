/* For convenience only: without scripts the page has the same content, and links and toggles work. */
"use strict";

const light = (elements, on) => elements.forEach((element) => element.classList.toggle("lit", on));

/* Highlights all uses of a variable, and the card or input that shows its value. */
function follow(link, on) {
  const href = link.getAttribute("href");
  light(document.querySelectorAll(`a[href="${href}"]`), on);
  const place = document.getElementById(href.slice(1));
  if (place) place.classList.toggle("lit", on);
}

/* Highlights a region in the list and on the picture. */
function trace(part, on) {
  const figure = part.closest("figure");
  light(figure.querySelectorAll(`[data-region="${part.dataset.region}"]`), on);
}

function hover(event, on) {
  if (!(event.target instanceof Element)) return;
  const link = event.target.closest('a[href^="#"]');
  if (link) follow(link, on);
  const part = event.target.closest("figure [data-region]");
  if (part) trace(part, on);
}

for (const [kind, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
  document.addEventListener(kind, (event) => hover(event, on));
}

/* In a frame without its own address, browsers may not follow a link to a fragment. */
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link || location.protocol !== "about:") return;
  const place = document.getElementById(link.getAttribute("href").slice(1));
  event.preventDefault();
  document.querySelectorAll(".target").forEach((element) => element.classList.remove("target"));
  place.classList.add("target");
  place.scrollIntoView();
  place.focus({ preventScroll: true });
});

/* Folded lists are opened for printing unless they are long. */
addEventListener("beforeprint", () => {
  document.querySelectorAll("figure details:not([open]), .rest:not([open])").forEach((list) => {
    list.open = list.querySelectorAll("tr, li").length <= 40;
  });
});

/* A click shows the larger copy of a picture with its regions. A second click shows it at full size. Copies of
   small pictures are scaled up. */
function enlarge(picture) {
  const { large, width, height } = picture.dataset;
  const copy = picture.cloneNode(true), view = copy.querySelector("svg"), close = document.createElement("button");
  copy.querySelectorAll("button").forEach((button) => button.remove());
  view.setAttribute("viewBox", [0, 0, width, height].join(" "));
  view.querySelector("use").setAttribute("href", `#${large}`);
  copy.style.setProperty("--full", `${width * Math.max(1, 480 / Math.max(width, height))}px`);
  close.className = "close";
  close.textContent = "Close";
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", view.getAttribute("aria-label"));
  dialog.append(close, copy);
  copy.addEventListener("click", () => copy.classList.toggle("full"));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

for (const picture of document.querySelectorAll("[data-large]")) {
  const button = document.createElement("button");
  button.className = "enlarge";
  button.setAttribute("aria-label", `Enlarge ${picture.querySelector("svg").getAttribute("aria-label")}`);
  button.textContent = "⤢";
  picture.append(button);
  picture.addEventListener("click", () => enlarge(picture));
}
