// Removes the oldest file of a log. The next file says how the tree goes on from there, so that what stays can be verified as before.
import { rm } from 'node:fs/promises'
import { tileWidth } from '../../base/tlog/tiles.ts'
import { rangeOfFile } from './file-root.ts'
import type { TileFiles } from './tile-files.ts'

/** With the lowest tiles that no other file needs. `onRemove` is told of each tile. */
export async function removeFile(path: string, tiles: TileFiles, onRemove: (path: string) => void): Promise<void> {
  const range = await rangeOfFile(path)
  await rm(path)
  if (range === undefined) return
  for (let index = Math.floor(range.first / tileWidth); (index + 1) * tileWidth <= range.end; index++) {
    for (const level of [0, undefined]) {
      const tile = tiles.pathOf({ level, index, width: tileWidth })
      onRemove(tile)
      await rm(tile, { force: true })
    }
  }
}
