// Waits for a state of the API.
import type { Client } from '../../../client/client.ts'

export type { Client }

const pollMs = 20

/** The first value for which `holds`; rejects with the last one when the signal ends it. */
export async function waitFor<T>(signal: AbortSignal, read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read()
    if (holds(value)) return value
    if (signal.aborted) throw new Error(`never came: ${JSON.stringify(value)}`)
    await new Promise(resolve => setTimeout(resolve, pollMs))
  }
}
