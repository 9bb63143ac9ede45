// A sheet of clips, each shown by a clock for a few seconds and at most so many times, and judged real or fake.
// What was played is kept before it is played, so that neither a reload nor a second tab gives another look.
(() => {
  "use strict";

  const STUDY = JSON.parse(document.getElementById("study").textContent);
  const EXPOSURE_MS = STUDY.exposure_seconds * 1000;
  const SLOW_MS = 8000; // a clip that takes longer to load can be asked for again
  const START_MS = 5000; // a play whose first frame takes longer did not happen
  const HALF_FRAME_MS = 8; // of a screen of 60 Hz: a play ends at the frame nearest to its end
  const PREFIX = `sgif-study/${STUDY.study}/`;
  const COLUMNS = [
    "study", "sheet", "participant", "item", "position", "phase", "answer", "plays", "exposure_ms",
    "total_exposure_ms", "reaction_ms", "dropped_frames", "blurred", "answered_at", "page_version",
  ];

  const query = new URLSearchParams(location.search);
  const part = (id) => document.getElementById(id);
  const video = part("video");
  const stage = document.querySelector(".stage");

  // ---- what is kept on this device

  const memory = new Map(); // where the browser keeps nothing (blocked storage, a full disk)
  const storage = (() => {
    try {
      localStorage.setItem(PREFIX + "probe", "1");
      localStorage.removeItem(PREFIX + "probe");
      return localStorage;
    } catch {
      return null;
    }
  })();
  let kept = storage !== null;
  let withdrawn = false; // from then on nothing is kept, not even the end of a play

  function get(name) {
    const text = memory.get(name) ?? (storage ? storage.getItem(PREFIX + name) : null);
    try {
      return text == null ? null : JSON.parse(text);
    } catch {
      return null;
    }
  }

  function put(name, value) {
    if (withdrawn) return;
    const text = JSON.stringify(value);
    try {
      if (!storage) throw new Error("no storage");
      storage.setItem(PREFIX + name, text);
      memory.delete(name);
    } catch {
      memory.set(name, text);
      kept = false;
      part("memory").hidden = false;
    }
  }

  function forget(start) {
    for (const name of [...memory.keys()]) if (name.startsWith(start)) memory.delete(name);
    if (!storage) return;
    for (const key of Object.keys(storage)) if (key.startsWith(PREFIX + start)) storage.removeItem(key);
  }

  const given = ["participant", "PROLIFIC_PID", "workerId"].map((name) => query.get(name)).find(Boolean);
  const me = /^[A-Za-z0-9_.@-]{1,64}$/.test(given ?? "") ? given : get("me") ?? random();
  const own = (name) => `${me}/${name}`;

  function random() {
    const bytes = crypto.getRandomValues(new Uint8Array(6));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // ---- where we are

  let sheet = null; // { id, number, items }
  let current = null; // { id, frame_ms, phase, position }
  let ready = false; // the clip is loaded
  let attempts = 0; // loads of the current clip
  let playing = false; // a clip is
  let enabled = null; // since when the answer buttons are, by performance.now()
  let shown = ""; // the screen
  const showing = query.has("show"); // clips for a sheet of paper, without answers

  const name = (item) => own(`item/${item.phase === "practice" ? "practice" : sheet.id}/${item.id}`);
  const none = () => ({ plays: 0, exposures: [], dropped: 0, blurred: 0 });
  const read = (item) => get(name(item)) ?? none();
  const write = (item, record) => put(name(item), record);
  const practice = () => STUDY.practice.map((item, at) => ({ ...item, phase: "practice", position: at + 1 }));
  const items = () => sheet.items.map((item, at) => ({ ...item, phase: "main", position: at + 1 }));
  const open = (item) => { const record = read(item); return !record.answer && !record.skipped; };

  function screen(id) {
    shown = id;
    for (const one of document.querySelectorAll(".screen")) one.hidden = one.id !== id;
    part("foot").hidden = !["trial", "between", "end"].includes(id) || showing;
    part("foot-said").textContent = sheet ? `Sheet ${sheet.number}, participant ${me}` : "";
    part(id).querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  function say(text, alarm = false) {
    part("said").textContent = text;
    part("said").classList.toggle("alarm", alarm);
  }

  function stop(text) {
    part("stop-said").textContent = text;
    screen("stop");
  }

  function sheetCalled(text) {
    const wanted = text.trim().toLowerCase();
    return STUDY.sheets.find(({ id, number }) => id === wanted || String(number) === wanted);
  }

  // ---- start

  function start() {
    stage.style.minHeight = `${STUDY.stage_height}px`; // that nothing moves when a clip arrives
    part("memory").hidden = kept;
    if (!STUDY.sheets.length) return stop("This study has no sheets.");
    const asked = query.get("sheet");
    if (asked !== null && !sheetCalled(asked)) return stop(`There is no sheet '${asked.slice(0, 20)}' in this study. Check the address.`);
    if (showing) return show();
    const before = get(own("sheet"));
    const wanted = asked !== null ? sheetCalled(asked) : before && sheetCalled(before);
    if (wanted && get(own("consent")) && mine(wanted)) {
      sheet = wanted;
      put(own("sheet"), sheet.id);
      return goOn();
    }
    if (wanted) part("sheet").value = wanted.number;
    part("sheet").readOnly = asked !== null;
    screen("start");
  }

  // Whether this person may judge a sheet: one begun before, or one more.
  function mine(wanted) {
    const begun = get(own("sheets")) ?? [];
    return begun.includes(wanted.id) || STUDY.sheets_per_worker === null || begun.length < STUDY.sheets_per_worker;
  }

  function begin(wanted) {
    if (!mine(wanted)) {
      return stop(`You have judged as many sheets as one person may (${STUDY.sheets_per_worker}). Thank you.`);
    }
    put("me", me);
    if (!get(own("consent"))) put(own("consent"), new Date().toISOString());
    sheet = wanted;
    put(own("sheet"), sheet.id);
    put(own("sheets"), [...new Set([...(get(own("sheets")) ?? []), sheet.id])]);
    goOn();
  }

  part("begin").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = part("sheet").value;
    const begun = get(own("sheets")) ?? [];
    const free = STUDY.sheets.filter(({ id }) => !begun.includes(id));
    const wanted = text.trim() ? sheetCalled(text) : free[Math.floor(Math.random() * free.length)] ?? STUDY.sheets[0];
    part("begin-said").textContent = wanted ? "" : `There is no sheet ${text}. Sheets have the numbers 1 to ${STUDY.sheets.length}.`;
    if (wanted) begin(wanted);
    else part("sheet").focus();
  });

  // ---- from clip to clip

  function goOn() {
    const next = practice().find(open);
    if (next) return trial(next);
    if (STUDY.practice.length && !get(own("practised"))) {
      part("how-many").textContent = `There are ${sheet.items.length} clips.`;
      return screen("between");
    }
    const scored = items().find(open);
    return scored ? trial(scored) : end();
  }

  part("start-main").addEventListener("click", () => {
    put(own("practised"), true);
    goOn();
  });

  function trial(item) {
    current = item;
    attempts = 0;
    const [word, total] = item.phase === "practice" ? ["Practice clip", STUDY.practice.length] : ["Clip", sheet.items.length];
    part("place").textContent = `${word} ${item.position} of ${total}`;
    part("progress").max = total;
    part("progress").value = item.position - 1;
    part("feedback").hidden = true;
    part("question").hidden = showing;
    part("paper").hidden = !showing;
    screen("trial");
    load();
    ahead(item);
  }

  // The next clip is fetched while this one is judged.
  let following = null;
  function ahead(item) {
    const next = [...practice(), ...items()].find((one) => one.id !== item.id && open(one));
    following = null;
    if (!next || showing) return;
    following = document.createElement("video");
    following.muted = true;
    following.preload = "auto";
    following.src = `media/${next.id}.mp4`;
  }

  let slow = 0;
  function load() {
    ready = false;
    enabled = null;
    attempts += 1;
    part("retry").hidden = part("skip").hidden = true;
    say("Loading the clip …");
    video.src = `media/${current.id}.mp4`;
    video.load();
    clearTimeout(slow);
    slow = setTimeout(() => { if (!ready) trouble("The clip is slow to arrive. Wait, or load it again."); }, SLOW_MS);
    refresh();
  }

  function loaded() {
    // A play must not stop for data: all of the clip is here, or the browser says that what is missing will be in time.
    const { buffered, duration } = video;
    const whole = buffered.length > 0 && buffered.end(buffered.length - 1) > duration - 0.3;
    if (ready || playing || !video.src || video.readyState < 4 || (!whole && video.networkState === 2)) return;
    ready = true;
    clearTimeout(slow);
    part("retry").hidden = part("skip").hidden = true;
    say("");
    refresh();
  }

  for (const event of ["canplaythrough", "progress", "suspend"]) video.addEventListener(event, loaded);
  video.addEventListener("error", () => {
    if (shown !== "trial" || playing) return;
    clearTimeout(slow);
    ready = false;
    trouble("The clip could not be loaded. No play was used up.");
    refresh();
  });

  function trouble(text) {
    say(text, true);
    part("retry").hidden = false;
    part("skip").hidden = attempts < 3 || showing;
  }

  part("retry").addEventListener("click", () => {
    load();
    part("play").focus();
  });
  part("skip").addEventListener("click", () => {
    write(current, { ...read(current), skipped: true });
    goOn();
  });

  function refresh() {
    const record = read(current);
    const left = Math.max(0, STUDY.plays - record.plays);
    const seconds = `${STUDY.exposure_seconds} second${STUDY.exposure_seconds === 1 ? "" : "s"}`;
    part("play").disabled = !ready || left === 0 || playing || Boolean(record.answer);
    part("play-text").textContent = left === 0 ? "No plays left" : record.plays ? `Play again (${left} left)` : `Play (${left} left)`;
    part("cover").textContent = record.answer ? "" : left === 0 ? "You have seen this clip as often as you may."
      : record.plays ? "You may play it again." : `Plays for ${seconds} when you ask for it.`;
    const may = record.plays > 0 && !playing && !record.answer && !showing;
    if (may && enabled === null) enabled = performance.now();
    if (!may) enabled = null;
    part("real").disabled = part("fake").disabled = !may;
  }

  // ---- a play

  // One tab of a study plays at a time; where locks cannot be had, the count that is kept has to do.
  async function alone(work) {
    let began = false;
    const once = () => { began = true; return work(); };
    try {
      if (navigator.locks) {
        return await navigator.locks.request(PREFIX + "play", { ifAvailable: true }, (lock) => (lock ? once() : say("Another tab of this study is playing.", true)));
      }
    } catch (error) {
      if (began) throw error;
    }
    return once();
  }

  async function play() {
    if (shown !== "trial" || !ready || playing) return;
    const item = current;
    playing = true;
    refresh();
    await alone(() => playOnce(item));
    playing = false;
    if (item !== current || withdrawn) return;
    refresh();
    // The button was disabled while the clip played, which takes the focus from it.
    if (document.activeElement === document.body) (part("play").disabled ? part("ask") : part("play")).focus();
    if (!open(item) && !showing) goOn(); // answered in another tab meanwhile
  }

  async function playOnce(item) {
    const record = read(item);
    if (record.plays >= STUDY.plays || record.answer) return;
    write(item, { ...record, plays: record.plays + 1 });
    refresh();
    try {
      if (video.currentTime > 0) await seekToStart();
      const frame = firstFrame();
      await Promise.all([video.play(), frame]);
    } catch {
      // Not one frame was seen, so this was no play.
      video.pause();
      const now = read(item);
      write(item, { ...now, plays: now.plays - 1 });
      ready = false;
      trouble("The clip could not be played. No play was used up.");
      return;
    }
    const seen = await exposure(item);
    const after = read(item);
    write(item, {
      ...after,
      exposures: [...after.exposures, seen.ms],
      dropped: after.dropped + seen.dropped,
      blurred: after.blurred || seen.blurred,
    });
    say(seen.ms < 0.9 * EXPOSURE_MS ? "The play was cut short because the page was hidden." : "");
  }

  function seekToStart() {
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error("slow")), START_MS);
      video.addEventListener("seeked", () => { clearTimeout(timer); done(); }, { once: true });
      video.currentTime = 0;
    });
  }

  function firstFrame() {
    return new Promise((done, failed) => {
      setTimeout(() => failed(new Error("no frame")), START_MS);
      video.addEventListener("error", () => failed(new Error("error")), { once: true });
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(done);
      else video.addEventListener("timeupdate", done, { once: true });
    });
  }

  // Shows the clip until the clock says so, or until the page is hidden.
  function exposure(item) {
    return new Promise((done) => {
      const began = performance.now();
      const droppedBefore = video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0;
      let over = false, blurred = document.hasFocus() ? 0 : 1, dropped = 0, last = null;

      const finish = () => {
        if (over) return;
        over = true;
        stage.classList.remove("shown");
        const ms = Math.round(10 * (performance.now() - began)) / 10;
        video.pause();
        clearTimeout(timer);
        removeEventListener("blur", blur);
        removeEventListener("pagehide", leave);
        document.removeEventListener("visibilitychange", hide);
        if (!video.requestVideoFrameCallback) dropped = (video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0) - droppedBefore;
        done({ ms, dropped, blurred });
      };
      const blur = () => { blurred = 1; };
      const hide = () => { if (document.hidden) { blurred = 1; finish(); } };
      // A play that the page does not survive is kept too.
      const leave = () => {
        over = true; // the page may end before anything else is run
        const record = read(item);
        write(item, { ...record, exposures: [...record.exposures, Math.round(performance.now() - began)], blurred: 1 });
      };
      const tick = () => {
        if (over) return;
        if (performance.now() - began >= EXPOSURE_MS - HALF_FRAME_MS) finish();
        else requestAnimationFrame(tick);
      };
      const watch = (_, { mediaTime, presentedFrames }) => {
        if (last) {
          const due = Math.round(((mediaTime - last.mediaTime) * 1000) / item.frame_ms);
          dropped += Math.max(0, due - (presentedFrames - last.presentedFrames));
        }
        last = { mediaTime, presentedFrames };
        if (!over) video.requestVideoFrameCallback(watch);
      };

      stage.classList.add("shown");
      const timer = setTimeout(finish, EXPOSURE_MS + 4 * HALF_FRAME_MS); // where frames of the screen fail to come
      requestAnimationFrame(tick);
      video.requestVideoFrameCallback?.(watch);
      addEventListener("blur", blur);
      addEventListener("pagehide", leave);
      document.addEventListener("visibilitychange", hide);
    });
  }

  part("play").addEventListener("click", play);
  // A page that the browser kept aside and brings back does not know what it was about.
  addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); });

  // ---- an answer

  function answer(what) {
    if (shown !== "trial" || playing || enabled === null) return;
    const record = read(current);
    if (!record.answer) {
      write(current, {
        ...record,
        answer: what,
        reaction_ms: Math.round(performance.now() - enabled),
        answered_at: new Date().toISOString(),
      });
    }
    if (current.phase === "practice") feedback(what);
    else goOn();
  }

  function feedback(what) {
    const parity = [...current.id].reduce((sum, digit) => sum + parseInt(digit, 16), current.check) % 2;
    const truth = parity ? "real" : "fake";
    refresh();
    part("question").hidden = true;
    part("feedback").hidden = false;
    part("verdict").textContent = what === truth ? `Right: this clip was ${truth}.` : `No: this clip was ${truth}.`;
    say("");
    part("go-on").focus();
  }

  part("go-on").addEventListener("click", goOn);
  for (const what of ["real", "fake"]) part(what).addEventListener("click", () => answer(what));
  part("letters").addEventListener("change", (event) => document.body.classList.toggle("no-letters", !event.target.checked));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || shown !== "trial" || part("sure").open) return;
    if (!part("letters").checked || event.target.matches("textarea, input:not([type='checkbox'])")) return;
    const act = { p: play, r: () => answer("real"), f: () => answer("fake") }[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
  // What happens in another tab counts here too.
  addEventListener("storage", ({ key }) => {
    if (shown !== "trial" || playing || key !== PREFIX + name(current)) return;
    if (open(current) || showing || !part("feedback").hidden) refresh();
    else goOn();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden || shown !== "trial" || playing) return;
    const record = read(current);
    if (record.plays && !record.answer) write(current, { ...record, blurred: 1 });
  });

  // ---- what comes out

  function rows() {
    return [...practice(), ...items()].flatMap((item) => {
      const record = read(item);
      if (!record.answer) return [];
      return [{
        study: STUDY.study,
        sheet: sheet.id,
        participant: me,
        item: item.id,
        position: item.position,
        phase: item.phase,
        answer: record.answer,
        plays: record.plays,
        exposure_ms: Math.max(0, ...record.exposures),
        total_exposure_ms: Math.round(10 * record.exposures.reduce((sum, ms) => sum + ms, 0)) / 10,
        reaction_ms: record.reaction_ms,
        dropped_frames: record.dropped,
        blurred: record.blurred ? 1 : 0,
        answered_at: record.answered_at,
        page_version: STUDY.page_version + (kept ? "" : "+memory"),
      }];
    });
  }

  const asJson = () => JSON.stringify({
    format: 1, study: STUDY.study, sheet: sheet.id, participant: me, consent_at: get(own("consent")), withdrawn: false, answers: rows(),
  }, null, 1);

  // A cell that a spreadsheet would take for a formula is made text.
  function cell(value) {
    const text = String(value);
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  const asCsv = () => [COLUMNS, ...rows().map((row) => COLUMNS.map((column) => row[column]))]
    .map((line) => line.map(cell).join(",") + "\r\n").join("");

  function save(text, kind, ending) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = `answers-${STUDY.study}-${sheet.id}-${me}.${ending}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  function end() {
    current = null;
    following = null;
    video.removeAttribute("src");
    video.load();
    const scored = items();
    const answered = scored.filter((item) => read(item).answer).length;
    part("end-said").textContent = `You have judged ${answered} of the ${scored.length} clips of sheet ${sheet.number}.`;
    part("text").value = asJson();
    const begun = get(own("sheets")) ?? [];
    const more = STUDY.sheets.some((one) => !begun.includes(one.id) && mine(one));
    part("another").hidden = !more || query.has("sheet");
    const paid = query.has("PROLIFIC_PID") && STUDY.completion;
    part("completion").hidden = !paid;
    if (paid) {
      part("code").textContent = STUDY.completion;
      part("return").href = `https://app.prolific.com/submissions/complete?cc=${encodeURIComponent(STUDY.completion)}`;
    }
    screen("end");
    // Inside a platform's page the answers go to it; they say nothing that the participant does not see here.
    if (parent !== window && query.has("embedded")) {
      parent.postMessage({ type: "study-answers", export: asJson() }, "*");
      part("download").textContent = "Your answers are in the form below: submit it.";
    }
  }

  part("save-json").addEventListener("click", () => save(asJson(), "application/json", "json"));
  part("save-csv").addEventListener("click", () => save(asCsv(), "text/csv", "csv"));
  part("another").addEventListener("click", () => {
    const begun = get(own("sheets")) ?? [];
    const free = STUDY.sheets.filter(({ id }) => !begun.includes(id));
    begin(free[Math.floor(Math.random() * free.length)]);
  });

  part("withdraw").addEventListener("click", () => part("sure").showModal());
  part("sure").addEventListener("close", () => {
    if (part("sure").returnValue !== "yes") return;
    withdrawn = true;
    current = null;
    video.removeAttribute("src");
    video.load();
    forget(own(""));
    forget("me");
    part("gone-number").textContent = me;
    screen("gone");
  });

  // ---- clips for a sheet of paper

  function show() {
    sheet = query.get("sheet") === null ? null : sheetCalled(query.get("sheet"));
    const item = sheet && items()[Number(query.get("show")) - 1];
    if (!item) return stop("There is no such clip on this sheet. Check the address.");
    part("next-shown").disabled = item.position === sheet.items.length;
    part("next-shown").onclick = () => {
      query.set("show", item.position + 1);
      location.search = query;
    };
    trial(item);
  }

  start();
})();
