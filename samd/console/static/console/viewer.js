// Lets a layer over the image be faded; showing and hiding it needs no script.
"use strict";

for (const slider of document.querySelectorAll(".viewer input[type=range]")) {
  const viewer = slider.closest(".viewer");
  const layer = viewer.querySelector(`.stack .${slider.dataset.layer}`);
  const box = viewer.querySelector(`input[type=checkbox][data-layer=${slider.dataset.layer}]`);
  const fade = () => {
    layer.style.opacity = slider.value / 100;
  };
  slider.hidden = false;
  slider.addEventListener("input", () => {
    box.checked = true;
    fade();
  });
  fade();
}
