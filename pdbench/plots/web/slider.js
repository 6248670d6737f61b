"use strict";

// Two images over each other; a menu's choice is an address, or the id of an image on the page.
function wireSlider(slider) {
  const pair = slider.querySelector(".pair");
  const range = slider.querySelector('input[type="range"]');
  const cut = () => pair.style.setProperty("--cut", `${range.value}%`);
  range.addEventListener("input", cut);
  window.addEventListener("pageshow", cut); // by then a browser that goes back restored controls
  for (const menu of slider.querySelectorAll("select")) {
    const image = pair.querySelector(`.${menu.dataset.side || "before"}`);
    const show = () => {
      const shown = document.getElementById(menu.value);
      image.src = shown ? shown.src : menu.value;
      image.alt = menu.selectedOptions[0].textContent;
    };
    menu.addEventListener("change", show);
    window.addEventListener("pageshow", show);
  }
}

document.querySelectorAll(".slider").forEach(wireSlider);
