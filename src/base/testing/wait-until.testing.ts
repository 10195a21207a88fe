// For tests: waits for a state and never for a time.

/** A guard against hanging, no measurement: a state that is not reached by then never will be. */
const hangMs = 60_000
/** What needs no time of others is there after a few turns of the event loop. Then to ask at each turn takes the processor from what is waited for. */
const turns = 10
const shortestMs = 2
const longestMs = 20
/** Of the time that the wait took so far: how much later than needed it may end. */
const share = 1 / 20
/** The real one, whatever a test puts in its place later. */
const { setTimeout } = globalThis

/** Checks once per turn of the event loop, and after some turns every few milliseconds. Rejects with an error that names `what`. */
export async function until(holds: () => boolean | undefined | Promise<boolean>, what: string | (() => string)): Promise<void> {
  const began = performance.now()
  for (let turn = 0; !(await holds()); turn++) {
    const waited = performance.now() - began
    if (waited > hangMs) throw new Error(`Never seen: ${typeof what === 'string' ? what : what()}`)
    const pollMs = Math.min(Math.max(waited * share, shortestMs), longestMs)
    await new Promise<void>(resolve => (turn < turns ? setImmediate(resolve) : setTimeout(resolve, pollMs)))
  }
}
