(() => {
  const page = document.documentElement, slides = [...document.querySelectorAll("section")], where = document.getElementById("where");
  const isRtl = page.dir === "rtl";
  let here = 0;
  // What is taller than the room is drawn smaller; a table of a few rows more is still one idea.
  const fit = (slide) => {
    slide.style.zoom = 1;
    if (!page.classList.contains("shown")) return;
    for (let zoom = 1; zoom > .5 && slide.scrollHeight > slide.clientHeight + 1; zoom -= .05) slide.style.zoom = zoom - .05;
  };
  const turn = (to, keeps) => {
    here = Math.max(0, Math.min(slides.length - 1, to));
    slides.forEach((slide, number) => slide.classList.toggle("here", number === here));
    fit(slides[here]);
    where.textContent = `${here + 1} / ${slides.length}`;
    if (!keeps) history.replaceState(null, "", `#s${here + 1}`);
  };
  const show = (is) => { page.classList.toggle("shown", is); slides.forEach((slide) => { slide.style.zoom = 1; }); if (is) turn(here); else slides[here].scrollIntoView(); };
  addEventListener("resize", () => fit(slides[here]));
  const asked = () => Number((location.hash.match(/^#s(\d+)$/) || [])[1] || 1) - 1;
  document.querySelector(".turn").hidden = false;
  document.getElementById("show").addEventListener("click", () => { show(true); page.requestFullscreen?.().catch(() => {}); });
  addEventListener("hashchange", () => turn(asked(), true));
  addEventListener("keydown", (event) => {
    if (!page.classList.contains("shown") || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = { ArrowRight: isRtl ? -1 : 1, ArrowLeft: isRtl ? 1 : -1, ArrowDown: 1, ArrowUp: -1, PageDown: 1, PageUp: -1, " ": event.shiftKey ? -1 : 1, Enter: 1 }[event.key];
    if (event.key === "Escape") show(false);
    else if (event.key === "Home") turn(0);
    else if (event.key === "End") turn(slides.length - 1);
    else if (event.key === "f") page.requestFullscreen?.().catch(() => {});
    else if (next) turn(here + next);
    else return;
    event.preventDefault();
  });
  addEventListener("click", (event) => { if (page.classList.contains("shown") && !event.target.closest("button, a")) turn(here + (event.clientX < innerWidth / 3 ? (isRtl ? 1 : -1) : (event.clientX > innerWidth * 2 / 3 ? (isRtl ? -1 : 1) : 0))); });
  turn(asked(), true);
})();
