// A collection of all garbage, now.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Not by a flag of the process: with another set of flags than Node was built with, V8 compiles Node's own modules at each start, which takes 20 ms. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  try {
    runInNewContext("gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })")
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
