// Loads a module synchronously at its first use, which import() cannot.
import { createRequire } from 'node:module'
import { basename } from 'node:path'

/**
 * The exports of a module that few servers need. Its file is named `*-late.ts`, and the build puts it in a file of its own, beside the
 * chunks. `from` is the caller's import.meta.url, `source` the path of the file from there.
 */
export function requireLate<T>(from: string, source: string): T {
  return createRequire(from)(from.endsWith('.ts') ? source : `./${basename(source, '.ts')}.js`)
}
