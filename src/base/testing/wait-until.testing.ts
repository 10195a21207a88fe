// For tests: waits for a state and never for a time.

/** A guard against hanging, no measurement: a state that is not reached by then never will be. */
const hangMs = 60_000

/** Checks once per turn of the event loop. Rejects with an error that names `what`. */
export async function until(holds: () => boolean | undefined | Promise<boolean>, what: string | (() => string)): Promise<void> {
  const deadline = Date.now() + hangMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Never seen: ${typeof what === 'string' ? what : what()}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}
