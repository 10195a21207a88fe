// For tests: waits for a state and never for a time.

/** A state that is not there after this long will not come; a guard against hanging, no measurement. */
const hangMs = 60_000

/** Looks once a turn of the event loop. Rejects with `what` was never seen. */
export async function until(holds: () => boolean | undefined | Promise<boolean>, what: string | (() => string)): Promise<void> {
  const deadline = Date.now() + hangMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Never seen: ${typeof what === 'string' ? what : what()}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}
