// Paths within an image: relative, without `.`, `..` and double slashes.
import { posix } from 'node:path'

/** Linux' PATH_MAX. */
export const maxPathBytes = 4096
export const maxPathDepth = 256

/** `./a//b/../c` becomes `a/c`, as a runtime unpacks it; '' is the root. Nothing leads out of the root. */
export function imagePath(written: string): string {
  // Nearly all are normal already.
  if (!/(?:^|\/)(?:\.{0,2}(?:\/|$))/.test(written)) return written
  const path = posix.normalize(`/${written}`).slice(1)
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** Where a link at `path` leads. */
export const linkTarget = (path: string, target: string): string =>
  imagePath(target.startsWith('/') ? target : `${posix.dirname(path)}/${target}`)

export function isTooLong(path: string): boolean {
  if (path.length > maxPathBytes) return true
  let depth = 0
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) if (++depth >= maxPathDepth) return true
  return false
}
