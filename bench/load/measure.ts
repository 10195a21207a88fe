// Runs a number of requests, some of them in parallel, and returns rate and latencies.
import type { Answer } from './http2/http2-connection.ts'

export interface Measured {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds, sorted. */
  readonly latencies: Float64Array
}

/** Throws if an answer is no success: a fast refusal is no figure. */
export async function measure(requests: number, inFlight: number, send: (index: number) => Promise<Answer>): Promise<Measured> {
  const latencies = new Float64Array(requests)
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < requests; index = next++) {
      const began = performance.now()
      const answer = await send(index)
      latencies[index] = performance.now() - began
      // The body is only assembled on demand.
      if (answer.status < 200 || answer.status > 299) throw new Error(`answer ${answer.status}: ${answer.body.toString('utf8', 0, 300)}`)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: inFlight }, worker))
  return { requests, seconds: (performance.now() - began) / 1000, latencies: latencies.sort() }
}

/** `part` is 0.5 for the median. */
export function quantile(sorted: Float64Array, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
