(async () => {
  "use strict";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const coarse = matchMedia("(pointer: coarse)").matches;
  const figures = [...document.querySelectorAll("figure")].map((figure) => ({
    figure,
    plot: figure.querySelector(".plot"),
    text: figure.querySelector("script").textContent,
  }));
  let pending = [];

  // Replace every "var(--name)" by its value in the current colour scheme.
  const described = (text) => {
    const style = getComputedStyle(document.documentElement);
    return JSON.parse(text, (_, value) => {
      const name = typeof value === "string" && /^var\((--[a-z0-9-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    });
  };

  const draw = async ({ plot, text }) => {
    try {
      const { data, layout } = described(text);
      if (coarse) layout.dragmode = false; // on touch screens, dragging on a figure scrolls the page
      await Plotly.react(plot, data, layout, { displayModeBar: false, responsive: true });
    } catch (error) {
      plot.textContent = "This figure could not be drawn.";
      console.error(error);
    }
  };

  // Distance to the window: 0 for a figure in view.
  const distance = ({ figure }) => {
    const { top, bottom } = figure.getBoundingClientRect();
    return Math.max(0, top - innerHeight, -bottom);
  };

  // The figure nearest to the window, wherever the reader has scrolled by now.
  const takeNearest = () => {
    const distances = pending.map(distance);
    return pending.splice(distances.indexOf(Math.min(...distances)), 1)[0];
  };

  const drawAll = async () => {
    delete document.documentElement.dataset.drawn;
    pending = [...figures];
    while (pending.length) {
      await draw(takeNearest());
      await new Promise((resume) => setTimeout(resume)); // keep the page responsive
    }
    document.documentElement.dataset.drawn = dark.matches ? "dark" : "light";
  };

  // A printer does not wait: plotly draws before it returns its promise.
  addEventListener("beforeprint", () => pending.splice(0).forEach(draw));

  let last = drawAll();
  dark.addEventListener("change", () => { last = last.then(drawAll); });
})();
