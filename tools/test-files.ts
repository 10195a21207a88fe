// Loaded by a process that runs several test files, one after the other, and marks the end of each: so the runner can tell which file ended or
// blocked the process, and which ones have not run.
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

const mark = 'end of the tests of '
const gate = 'the next test file is loaded'
const writingTurns = 4
const longMs = 2 ** 30
/** The real one, whatever a test puts in its place. */
const { setImmediate } = globalThis

/** The test file whose end this test's name marks. */
export const markedEnd = (name: string): string | undefined => (name.startsWith(mark) ? name.slice(mark.length) : undefined)

/** Whether a test of this name is none of a file. */
export const isOfRunner = (name: string): boolean => name === gate || name.startsWith(mark)

/** The source of a process's entry. `files` are absolute paths, `here` is the path of this file. */
export function entryOf(files: readonly string[], here: string): string {
  return `import { runTestFiles } from ${JSON.stringify(here)}\nawait runTestFiles(${JSON.stringify(files)})\n`
}

/**
 * Top-level tests run one after the other. A gate lets those of a file begin when it is loaded, and a mark passes when they have ended. When no test is left
 * for a moment, Node ends the run, and calls the `after` hooks of all files: the gate of the next file begins before. A file that cannot be loaded is a
 * failed test.
 */
export async function runTestFiles(files: readonly string[]): Promise<void> {
  // Node would take an empty event loop for the end, too.
  const alive = setInterval(() => undefined, longMs)
  let open = addGate()
  for (const file of files) {
    try {
      await import(pathToFileURL(file).href)
    } catch (err) {
      void test(file, () => {
        throw err
      })
    }
    const ended = test(`${mark}${file}`)
    const openNext = addGate()
    open()
    await ended
    // The outcomes are written behind the tests, in turns of the event loop: those of this file must not be lost if the next one ends the process.
    for (let turn = 0; turn < writingTurns; turn++) await new Promise<void>(resolve => setImmediate(resolve))
    open = openNext
  }
  open()
  clearInterval(alive)
}

/** A test that passes when the returned function is called. */
function addGate(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  void test(gate, () => promise)
  return resolve
}
