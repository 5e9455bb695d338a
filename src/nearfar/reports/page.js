(async () => {
  "use strict";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const coarse = matchMedia("(pointer: coarse)").matches;
  const figures = [...document.querySelectorAll("figure")].map((figure) => ({
    figure,
    plot: figure.querySelector(".plot"),
    text: figure.querySelector("script").textContent,
    map: null,
  }));
  let pending = [];

  // Decompress deflate (RFC 1951). The browser's own decompressor is asynchronous, and a printer
  // does not wait.
  const inflate = (bytes, size) => {
    const out = new Uint8Array(size);
    let at = 0, held = 0, count = 0, end = 0;

    const bits = (wanted) => {
      while (count < wanted) {
        held |= bytes[at++] << count;
        count += 8;
      }
      const value = held & ((1 << wanted) - 1);
      held >>>= wanted;
      count -= wanted;
      return value;
    };

    // For every 15 bits that can follow: the symbol that they begin with, and its length.
    const tableOf = (lengths) => {
      const numbers = new Uint16Array(16), next = new Uint16Array(16);
      for (const length of lengths) if (length) numbers[length] += 1;
      for (let length = 1; length < 16; length += 1) {
        next[length] = (next[length - 1] + numbers[length - 1]) << 1;
      }
      const table = new Uint16Array(1 << 15);
      lengths.forEach((length, symbol) => {
        if (!length) return;
        let code = next[length]++, turned = 0;
        for (let place = 0; place < length; place += 1, code >>= 1) turned = (turned << 1) | (code & 1);
        for (; turned < 1 << 15; turned += 1 << length) table[turned] = (symbol << 4) | length;
      });
      return table;
    };

    const symbolOf = (table) => {
      while (count < 15) {
        held |= bytes[at++] << count;
        count += 8;
      }
      const entry = table[held & 0x7fff];
      held >>>= entry & 15;
      count -= entry & 15;
      return entry >> 4;
    };

    // Lengths and distances: each further step has one more bit after `few` steps without.
    const rangesOf = (steps, first, few) => {
      const extra = [], base = [];
      for (let step = 0, from = first; step < steps; step += 1) {
        extra.push(Math.max(0, Math.floor(step / few) - 1));
        base.push(from);
        from += 1 << extra[step];
      }
      return { base, extra };
    };
    const lengths = rangesOf(28, 3, 4), distances = rangesOf(30, 1, 2);
    lengths.base.push(258);
    lengths.extra.push(0);

    const usual = () => [
      tableOf(Array.from({ length: 288 }, (_, s) => (s < 144 ? 8 : s < 256 ? 9 : s < 280 ? 7 : 8))),
      tableOf(Array(30).fill(5)),
    ];

    const stated = () => {
      const literals = bits(5) + 257, all = literals + bits(5) + 1, known = bits(4) + 4;
      const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
      const short = Array(19).fill(0);
      for (let place = 0; place < known; place += 1) short[order[place]] = bits(3);
      const table = tableOf(short), found = [];
      while (found.length < all) {
        const symbol = symbolOf(table);
        if (symbol < 16) found.push(symbol);
        else {
          const value = symbol === 16 ? found[found.length - 1] : 0;
          const times = symbol === 16 ? 3 + bits(2) : symbol === 17 ? 3 + bits(3) : 11 + bits(7);
          for (let time = 0; time < times; time += 1) found.push(value);
        }
      }
      return [tableOf(found.slice(0, literals)), tableOf(found.slice(literals))];
    };

    for (let last = 0; !last; ) {
      last = bits(1);
      const kind = bits(2);
      if (kind === 0) {
        at -= count >> 3;
        held = count = 0;
        const length = bytes[at] | (bytes[at + 1] << 8);
        out.set(bytes.subarray(at + 4, at + 4 + length), end);
        at += 4 + length;
        end += length;
        continue;
      }
      const [literal, distance] = kind === 1 ? usual() : stated();
      for (let symbol = symbolOf(literal); symbol !== 256; symbol = symbolOf(literal)) {
        if (symbol < 256) {
          out[end++] = symbol;
          continue;
        }
        const length = lengths.base[symbol - 257] + bits(lengths.extra[symbol - 257]);
        const step = symbolOf(distance);
        let from = end - distances.base[step] - bits(distances.extra[step]);
        for (const stop = end + length; end < stop; ) out[end++] = out[from++];
      }
    }
    return out;
  };

  // The library of the figures is stored compressed; the page's policy allows it by its hash.
  const load = () => {
    const stored = document.getElementById("library");
    const bytes = Uint8Array.from(atob(stored.textContent), (letter) => letter.charCodeAt(0));
    const script = document.createElement("script");
    script.textContent = new TextDecoder().decode(inflate(bytes, Number(stored.dataset.size)));
    document.head.append(script);
    stored.remove();
  };

  // Replace every "var(--name)" by its value in the current colour scheme.
  const described = (text) => {
    const style = getComputedStyle(document.documentElement);
    return JSON.parse(text, (_, value) => {
      const name = typeof value === "string" && /^var\((--[a-z0-9-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    });
  };

  const draw = async ({ plot, text, map }) => {
    try {
      const { data, layout } = described(text);
      if (coarse) layout.dragmode = false; // on touch screens, dragging on a figure scrolls the page
      await Plotly.react(plot, data, layout, { displayModeBar: false, responsive: true });
      await map?.redrawn();
    } catch (error) {
      plot.textContent = "This figure could not be drawn.";
      console.error(error);
    }
  };

  // A map of samples: its colours show a reading, one sample is marked and described.
  const mapOf = ({ figure, plot, text }) => {
    const { names, texts, pictures, readings } = JSON.parse(text).map;
    const [{ x, y }] = JSON.parse(text).data;
    const [reading, search] = ["select", "input"].map((tag) => figure.querySelector(tag));
    const [stage, panel] = [".focus", ".seen"].map((part) => figure.querySelector(part));
    let marked = -1, listening = false;

    const color = () => {
      const shown = readings[Number(reading?.value)];
      if (!shown) return undefined;
      const bar = { "title.text": shown.title, tickvals: shown.ticks, ticktext: shown.words };
      const update = { "marker.color": [shown.values], "marker.cmin": shown.low, "marker.cmax": shown.high };
      for (const [key, value] of Object.entries(bar)) update[`marker.colorbar.${key}`] = [value ?? null];
      return Plotly.restyle(plot, update, [0]);
    };

    const element = (tag, content) => Object.assign(document.createElement(tag), { textContent: content });

    const describe = (place) => {
      const parts = [element("b", names[place])];
      if (pictures[place]) {
        const image = new Image();
        image.src = `data:image/png;base64,${pictures[place]}`;
        image.alt = "";
        parts.unshift(image);
      }
      if (texts[place]) parts.push(element("p", texts[place]));
      for (const { title, shown } of readings) parts.push(element("span", `${title}: ${shown[place]}`));
      panel.replaceChildren(...parts);
    };

    const mark = (place) => {
      marked = place;
      describe(place);
      return Plotly.restyle(plot, { x: [[x[place]]], y: [[y[place]]] }, [1]);
    };

    // The nearest sample within 45 degrees of a direction.
    const towards = (right, up) => {
      const from = Math.max(0, marked);
      let best = from, least = Infinity;
      for (let place = 0; place < names.length; place += 1) {
        const [across, along] = [x[place] - x[from], y[place] - y[from]];
        const distance = Math.hypot(across, along);
        if (across * right + along * up > 0.7 * distance && distance < least) {
          best = place;
          least = distance;
        }
      }
      return best;
    };

    const extreme = (sign) => {
      const values = readings[Number(reading?.value)]?.values ?? x;
      let best = 0;
      values.forEach((value, place) => {
        if (value !== null && (values[best] === null || sign * value > sign * values[best])) best = place;
      });
      return best;
    };

    const keys = {
      ArrowLeft: () => towards(-1, 0),
      ArrowRight: () => towards(1, 0),
      ArrowUp: () => towards(0, 1),
      ArrowDown: () => towards(0, -1),
      Home: () => extreme(-1),
      End: () => extreme(1),
    };

    const listen = () => {
      listening = true;
      for (const event of ["plotly_hover", "plotly_click"]) {
        plot.on(event, ({ points: [point] }) => point.curveNumber || choose(point.pointIndex));
      }
      stage.addEventListener("keydown", (event) => {
        if (!keys[event.key]) return;
        event.preventDefault();
        choose(marked < 0 && event.key.startsWith("Arrow") ? 0 : keys[event.key]());
      });
      reading?.addEventListener("change", color);
      search.addEventListener("change", () => {
        const wanted = search.value.toLowerCase();
        const found = names.findIndex((name) => name.toLowerCase() === wanted);
        const near = found < 0 ? names.findIndex((name) => name.toLowerCase().includes(wanted)) : found;
        if (wanted && near >= 0) choose(near);
        else if (wanted) panel.replaceChildren(element("span", `no sample is called ${search.value}`));
      });
      search.list.append(...names.map((name) => Object.assign(new Option(), { value: name })));
    };

    return {
      mark,
      size: names.length,
      redrawn: async () => {
        if (!listening) listen();
        await color();
        if (marked >= 0) await mark(marked);
      },
    };
  };

  // Maps of the same samples mark the same one.
  const choose = (place) => {
    for (const { map } of figures) if (map && place < map.size) map.mark(place);
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

  load();
  for (const each of figures) if (each.figure.closest(".map")) each.map = mapOf(each);

  // A printer does not wait: plotly draws before it returns its promise.
  addEventListener("beforeprint", () => pending.splice(0).forEach(draw));

  let last = drawAll();
  dark.addEventListener("change", () => { last = last.then(drawAll); });
})();
