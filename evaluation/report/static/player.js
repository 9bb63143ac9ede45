// Plays every clip on the page by one clock. Frames come from sprite sheets; only what is near the view is drawn.
// A section is told its frame by an event, for whatever else draws it.
(() => {
  "use strict";

  const player = document.querySelector(".player");
  const sections = [...document.querySelectorAll("[data-delays]")].map(readSection);
  if (!player || !sections.length) return;

  const control = (name) => player.querySelector(`[data-act="${name}"]`);
  const [playButton, speedMenu, where] = ["play", "speed", "where"].map(control);
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  let time = 0; // milliseconds on the clock of all clips
  let last = null; // when the clock was last moved on
  let playing = false;

  function readSection(element) {
    const delays = element.dataset.delays.split(" ").map(Number);
    const ends = [];
    delays.reduce((sum, delay) => (ends.push(sum + delay), sum + delay), 0);
    const canvases = [...element.querySelectorAll("canvas[data-sheet]")].map(readCanvas);
    return { element, ends, total: ends[ends.length - 1], canvases, frame: -1 };
  }

  function readCanvas(element) {
    const { sheet, ...numbers } = element.dataset;
    const names = ["frames", "columns", "inset", "cellWidth", "cellHeight"];
    const grid = Object.fromEntries(names.map((name) => [name, Number(numbers[name])]));
    return { element, uri: sheet, ...grid, image: null, near: false, drawn: -1 };
  }

  function frameAt(section) {
    const within = time % section.total;
    return section.ends.findIndex((end) => within < end);
  }

  function draw() {
    for (const section of sections) {
      const frame = frameAt(section);
      if (frame !== section.frame) {
        section.frame = frame;
        section.element.dispatchEvent(new CustomEvent("frame", { detail: frame }));
      }
      for (const canvas of section.canvases) {
        const index = frame % canvas.frames;
        if (!canvas.near || !canvas.image || canvas.drawn === index) continue;
        const { width, height } = canvas.element;
        const left = (index % canvas.columns) * canvas.cellWidth + canvas.inset;
        const top = Math.floor(index / canvas.columns) * canvas.cellHeight + canvas.inset;
        const context = canvas.element.getContext("2d");
        context.drawImage(canvas.image, left, top, width, height, 0, 0, width, height);
        canvas.drawn = index;
      }
    }
    say();
  }

  // Sheets are decoded when they come near the view, and dropped when they are far from it: a page may hold hundreds.
  async function show(canvas) {
    canvas.near = true;
    if (canvas.image) return;
    const image = new Image();
    image.src = canvas.uri;
    try {
      await image.decode();
    } catch {
      return;
    }
    canvas.image = canvas.near ? image : null;
    canvas.drawn = -1;
    draw();
  }

  function hide(canvas) {
    canvas.near = false;
    canvas.image = null;
  }

  // The clip that the reader looks at: the one with the focus, else the one nearest to the middle of the view.
  function current() {
    const middle = innerHeight / 2;
    const distance = ({ element }) => {
      const box = element.getBoundingClientRect();
      return box.top > middle ? box.top - middle : Math.max(0, middle - box.bottom);
    };
    return (
      sections.find(({ element }) => element.contains(document.activeElement)) ??
      sections.reduce((best, section) => (distance(section) < distance(best) ? section : best))
    );
  }

  function say() {
    const section = current();
    const text = `${section.element.dataset.name}: frame ${frameAt(section) + 1} of ${section.ends.length}`;
    if (where.textContent !== text) where.textContent = text;
  }

  function tick(now) {
    if (!playing) return;
    // A page in the background gets no ticks; it goes on where it stopped.
    if (last !== null) time += Math.min(now - last, 250) * Number(speedMenu.value);
    last = now;
    draw();
    requestAnimationFrame(tick);
  }

  function play(on) {
    playing = on;
    last = null;
    player.classList.toggle("playing", on);
    playButton.querySelector("span").textContent = on ? "Pause" : "Play";
    // Frame numbers are read out while stepping, not while playing.
    where.setAttribute("aria-live", on ? "off" : "polite");
    if (on) requestAnimationFrame(tick);
  }

  function step(direction) {
    play(false);
    const section = current();
    const count = section.ends.length;
    const next = frameAt(section) + direction;
    const round = Math.floor(time / section.total) + Math.floor(next / count);
    const index = ((next % count) + count) % count;
    const start = index === 0 ? 0 : section.ends[index - 1];
    time = Math.max(0, round) * section.total + start;
    draw();
  }

  player.addEventListener("click", (event) => {
    const act = event.target.closest("button")?.dataset.act;
    if (act === "play") play(!playing);
    if (act === "back") step(-1);
    if (act === "forward") step(1);
  });

  addEventListener("keydown", (event) => {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const modified = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    if (!direction || modified || event.target.closest?.("select, input, textarea, [data-own-keys]")) return;
    event.preventDefault();
    step(direction);
  });

  addEventListener("scroll", say, { passive: true });
  still.addEventListener("change", () => still.matches && play(false));

  const canvases = new Map(sections.flatMap((section) => section.canvases.map((one) => [one.element, one])));
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) (isIntersecting ? show : hide)(canvases.get(target));
    },
    { rootMargin: "400px" },
  );
  for (const element of canvases.keys()) watcher.observe(element);

  player.hidden = false;
  play(!still.matches);
  draw();
})();
