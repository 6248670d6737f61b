"use strict";

// Two images over each other; a menu's choice is an address, or the id of an image on the page.
function wireSlider(slider) {
  const pair = slider.querySelector(".pair");
  const range = slider.querySelector('input[type="range"]');
  range.addEventListener("input", () => pair.style.setProperty("--cut", `${range.value}%`));
  for (const menu of slider.querySelectorAll("select")) {
    const image = pair.querySelector(`.${menu.dataset.side || "before"}`);
    menu.addEventListener("change", () => {
      const shown = document.getElementById(menu.value);
      image.src = shown ? shown.src : menu.value;
      image.alt = menu.selectedOptions[0].textContent;
    });
  }
}

document.querySelectorAll(".slider").forEach(wireSlider);
