// Collects all garbage now.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * `regular` keeps compiled code and caches. Not by a flag of the process: with other flags than Node was built with, V8 compiles Node's own
 * modules at each start, which takes 20 ms.
 */
export function collectGarbage(flavor: 'regular' | 'last-resort' = 'last-resort'): void {
  setFlagsFromString('--expose-gc')
  try {
    runInNewContext(`gc({ type: 'major', execution: 'sync', flavor: '${flavor}' })`)
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
