// Lays two clips of a section over each other on one canvas: a wipe between them, or their difference, amplified.
// Frames are those of the section's tiles; which frame it is, the player says by an event. It runs before the player.
(() => {
  "use strict";

  for (const element of document.querySelectorAll(".comparer")) start(element);

  function start(element) {
    const section = element.closest("[data-delays]");
    const control = (name) => element.querySelector(`[data-act="${name}"]`);
    const [left, right, take, view, zoom, wipe, said] =
      ["left", "right", "take", "view", "zoom", "wipe", "said"].map(control);
    const [stage, layer, canvas, seam] =
      [".stage", ".layer", "canvas", ".seam"].map((name) => element.querySelector(name));
    const names = [control("left-name"), control("right-name")];
    const context = canvas.getContext("2d");
    const { width, height } = canvas;
    const scratch = [0, 1].map(() => {
      const own = Object.assign(document.createElement("canvas"), { width, height });
      return own.getContext("2d", { willReadFrequently: true });
    });

    let frame = 0;
    let near = false;
    let sides = []; // what is on the left and on the right: { tile, image }, null where there is no such sample

    function find(side) {
      const key = side === "real" ? side : `${side} ${take.value}`;
      return [...section.querySelectorAll("canvas[data-key]")].find((tile) => tile.dataset.key === key) ?? null;
    }

    // Decodes the two sheets that are looked at, and keeps them; all others are left to the player.
    async function choose() {
      const kept = new Map(sides.filter(Boolean).map((side) => [side.tile, side]));
      const tiles = [left, right].map(({ value }) => find(value));
      const chosen = tiles.map((tile) => tile && (kept.get(tile) ?? { tile, image: null }));
      sides = chosen;
      describe();
      await Promise.all(chosen.map(async (side) => {
        if (!side || side.image) return;
        const image = new Image();
        image.src = side.tile.dataset.sheet;
        await image.decode().catch(() => {});
        if (image.naturalWidth) side.image = image;
      }));
      if (sides === chosen) draw();
    }

    function paint(target, side, from, to) {
      target.clearRect(from, 0, to - from, height);
      if (!side) return;
      const { frames, columns, inset, cellWidth, cellHeight } = side.tile.dataset;
      const index = frame % Number(frames);
      const x = (index % Number(columns)) * Number(cellWidth) + Number(inset);
      const y = Math.floor(index / Number(columns)) * Number(cellHeight) + Number(inset);
      target.save();
      target.beginPath();
      target.rect(from, 0, to - from, height);
      target.clip();
      target.drawImage(side.image, x, y, side.tile.width, side.tile.height, 0, 0, width, height);
      target.restore();
    }

    function drawWipe() {
      const at = Math.round((width * Number(wipe.value)) / 100);
      paint(context, sides[0], 0, at);
      paint(context, sides[1], at, width);
      seam.style.left = `${(100 * at) / width}%`;
      say("");
    }

    function drawDifference(gain) {
      if (!sides.every(Boolean)) {
        context.clearRect(0, 0, width, height);
        return say("");
      }
      const [one, other] = scratch.map((own, index) => {
        paint(own, sides[index], 0, width);
        return own.getImageData(0, 0, width, height).data;
      });
      const result = context.createImageData(width, height);
      let sum = 0;
      for (let i = 0; i < result.data.length; i += 1) {
        if (i % 4 === 3) {
          result.data[i] = 255;
          continue;
        }
        const distance = Math.abs(one[i] - other[i]);
        sum += distance;
        result.data[i] = gain * distance; // clamped to 255 by the array
      }
      context.putImageData(result, 0, 0);
      say(`mean difference ${(sum / (3 * width * height)).toFixed(1)} of 255`);
    }

    function draw() {
      // While a sheet is decoded, what was there stays.
      if (!near || !sides.length || sides.some((side) => side && !side.image)) return;
      if (view.value === "wipe") drawWipe();
      else drawDifference(Number(view.value));
    }

    function say(measured) {
      const missing = [left, right].filter((_, index) => sides[index] === null).map(label);
      const text = missing.length ? `no such sample of ${missing.join(" and ")}` : measured;
      if (said.textContent !== text) said.textContent = text;
    }

    function label(menu) {
      return menu.selectedOptions[0]?.textContent ?? "";
    }

    function describe() {
      const wiping = view.value === "wipe";
      const [one, other] = [label(left), label(right)];
      const number = label(take);
      const what = wiping ? `${one} on the left, ${other} on the right` : `difference of ${one} and ${other}`;
      canvas.setAttribute("aria-label", `${section.dataset.name}, ${number}: ${what}`);
      names[0].textContent = wiping ? one : `| ${one} \u2212 ${other} |`;
      names[1].textContent = wiping ? other : "";
      seam.hidden = !wiping;
      wipe.disabled = !wiping;
      wipe.setAttribute("aria-valuetext", `${wipe.value} % ${one}, then ${other}`);
    }

    function magnify() {
      const by = Number(zoom.value);
      stage.dataset.zoom = zoom.value;
      // Scrolled by its own arrow keys while it is larger than its frame.
      stage.toggleAttribute("data-own-keys", by > 1);
      if (by > 1) stage.tabIndex = 0;
      else stage.removeAttribute("tabindex");
      stage.scrollLeft = (stage.scrollWidth - stage.clientWidth) / 2;
      stage.scrollTop = (stage.scrollHeight - stage.clientHeight) / 2;
    }

    function drag(event) {
      if (view.value !== "wipe" || !(event.buttons & 1)) return;
      const box = layer.getBoundingClientRect();
      wipe.value = Math.round((100 * (event.clientX - box.left)) / box.width);
      describe();
      draw();
    }

    for (const menu of [left, right, take]) menu.addEventListener("change", choose);
    for (const menu of [view, wipe]) {
      menu.addEventListener("input", () => {
        describe();
        draw();
      });
    }
    zoom.addEventListener("change", magnify);
    canvas.addEventListener("pointermove", drag);
    canvas.addEventListener("pointerdown", (event) => {
      // A finger scrolls what is magnified; a mouse has the wheel for that.
      if (event.pointerType === "mouse" || zoom.value === "1") canvas.setPointerCapture(event.pointerId);
      drag(event);
    });
    section.addEventListener("frame", (event) => {
      frame = event.detail;
      draw();
    });

    new IntersectionObserver(
      (entries) => {
        near = entries[entries.length - 1].isIntersecting;
        if (near) choose();
      },
      { rootMargin: "400px" },
    ).observe(element);

    stage.style.aspectRatio = `${width} / ${height}`;
    element.hidden = false;
    describe();
  }
})();
