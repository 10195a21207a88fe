// Loads a module where it is first needed and at once, which import() cannot.
import { createRequire } from 'node:module'
import { basename } from 'node:path'

/**
 * The exports of a module that few servers need. Its file is named `*-late.ts`: the build keeps such files apart, beside the chunks. `from` is the
 * caller's import.meta.url, `source` the path of the file from there.
 */
export function requireLate<T>(from: string, source: string): T {
  return createRequire(from)(from.endsWith('.ts') ? source : `./${basename(source, '.ts')}.js`)
}
