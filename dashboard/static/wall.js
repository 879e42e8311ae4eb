// Every source as a tile, in the order given, in a grid that fits its place; those that are over are small, below it.

import { arrange, element } from "./dom.js";
import { Tile } from "./tile.js";
import { isOver } from "./words.js";

/** @import { Picture, Snapshot } from "./types.js" */

const GAP = 10;
const CAPTION = 30;
const SHAPE = 9 / 16;
const NARROWEST = 160;

/**
 * The columns in which the tiles are largest, and a tile's width; in more rows than fit where they would be too small.
 * @param {number} count - of tiles.
 * @param {number} width - of their place, in pixels.
 * @param {number} height
 */
export function columnsFor(count, width, height) {
  let best = { columns: 1, tile: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const across = (width - (columns - 1) * GAP) / columns;
    const down = ((height - (rows - 1) * GAP) / rows - CAPTION) / SHAPE;
    const tile = Math.floor(Math.min(across, down));
    if (tile > best.tile) best = { columns, tile };
  }
  if (best.tile >= Math.min(NARROWEST, width)) return best;
  const columns = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
  return { columns, tile: Math.floor((width - (columns - 1) * GAP) / columns) };
}

export class Wall {
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  #place = [0, 0];
  #alive = 0;

  constructor() {
    this.root = element("wall");
    this.grid = element("grid");
    this.over = element("over");
    new ResizeObserver(([{ contentRect }]) => {
      this.#place = [contentRect.width, contentRect.height];
      this.#layOut();
    }).observe(this.grid);
  }

  /**
   * Where a source's pictures are drawn, if they are.
   * @param {string} source
   */
  screenOf(source) {
    const tile = this.#tiles.get(source);
    return tile && !tile.over ? tile.screen : undefined;
  }

  /**
   * @param {Snapshot} snapshot
   * @param {Map<string, Picture>} pictures - by source.
   * @param {boolean} wanted - whether pictures are wanted at all.
   */
  show(snapshot, pictures, wanted) {
    /** @type {Map<string, Tile>} */
    const tiles = new Map();
    for (const view of snapshot.sources) {
      const tile = this.#tiles.get(view.source) ?? new Tile(view.source);
      tiles.set(view.source, tile);
      tile.over = isOver(view);
    }
    this.#tiles = tiles;
    const all = [...tiles.values()];
    arrange(this.grid, all.filter((tile) => !tile.over).map((tile) => tile.root));
    arrange(this.over, all.filter((tile) => tile.over).map((tile) => tile.root));
    this.over.hidden = !this.over.children.length;
    this.grid.hidden = !this.grid.children.length;
    if (this.#alive !== this.grid.children.length) this.#layOut();
    for (const view of snapshot.sources) tiles.get(view.source)?.show(view, pictures.get(view.source), snapshot, wanted);
  }

  /**
   * Gives a source's tile the keyboard.
   * @param {string} source
   */
  focus(source) {
    this.#tiles.get(source)?.link.focus();
  }

  /** Takes all pictures away. */
  clear() {
    for (const { screen } of this.#tiles.values()) screen.clear();
  }

  #layOut() {
    this.#alive = this.grid.children.length;
    const [width, height] = this.#place;
    if (!this.#alive || !width) return;
    const isNarrow = width < 600;
    const { columns, tile } = columnsFor(this.#alive, width, isNarrow ? Infinity : height);
    this.grid.style.gridTemplateColumns = `repeat(${columns}, ${tile}px)`;
  }
}
