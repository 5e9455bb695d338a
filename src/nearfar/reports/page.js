(async () => {
  "use strict";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const coarse = matchMedia("(pointer: coarse)").matches;
  const figures = [...document.querySelectorAll("figure")].map((figure) => ({
    plot: figure.querySelector(".plot"),
    text: figure.querySelector("script").textContent,
  }));

  // Replace every "var(--name)" by its value in the current colour scheme.
  const described = (text) => {
    const style = getComputedStyle(document.documentElement);
    return JSON.parse(text, (_, value) => {
      const name = typeof value === "string" && /^var\((--[a-z0-9-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    });
  };

  const draw = async ({ plot, text }) => {
    const { data, layout } = described(text);
    if (coarse) layout.dragmode = false; // on touch screens, dragging on a figure scrolls the page
    await Plotly.react(plot, data, layout, { displayModeBar: false, responsive: true });
  };

  const drawAll = async () => {
    delete document.documentElement.dataset.drawn;
    for (const figure of figures) {
      try {
        await draw(figure);
      } catch (error) {
        figure.plot.textContent = "This figure could not be drawn.";
        console.error(error);
      }
      await new Promise((resume) => setTimeout(resume)); // keep the page responsive
    }
    document.documentElement.dataset.drawn = dark.matches ? "dark" : "light";
  };

  let last = drawAll();
  dark.addEventListener("change", () => { last = last.then(drawAll); });
})();
