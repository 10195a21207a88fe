// A small request every few milliseconds on its own connection: how long the server's event loop blocks others.
import { setTimeout as delay } from 'node:timers/promises'
import { Connections, type Credentials } from './connections.ts'

/** Some thousand samples in one run: of fewer the worst one would be the p99.9. */
const everyMs = 2
/** The first requests compile code on both sides, and are not counted. */
const warmUp = 50

/** Runs until the signal; the latencies in milliseconds, sorted. */
export async function probe(credentials: Credentials, signal: AbortSignal): Promise<Float64Array> {
  using connection = await Connections.open(credentials, 1)
  for (let i = 0; i < warmUp; i++) await connection.request('GET', '/livez')
  const latencies: number[] = []
  while (!signal.aborted) {
    const began = performance.now()
    await connection.request('GET', '/livez')
    latencies.push(performance.now() - began)
    await delay(everyMs)
  }
  return Float64Array.from(latencies).sort()
}
