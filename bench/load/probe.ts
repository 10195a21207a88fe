// A small request every few milliseconds on a connection of its own: how long the server's event loop lets anybody wait.
import { setTimeout as delay } from 'node:timers/promises'
import { Connections, type Credentials } from './connections.ts'

const everyMs = 5

/** Runs until the signal; the latencies in milliseconds, sorted. */
export async function probe(credentials: Credentials, signal: AbortSignal): Promise<Float64Array> {
  using connection = await Connections.open(credentials, 1)
  const latencies: number[] = []
  while (!signal.aborted) {
    const began = performance.now()
    await connection.request('GET', '/livez')
    latencies.push(performance.now() - began)
    await delay(everyMs)
  }
  return Float64Array.from(latencies).sort()
}
