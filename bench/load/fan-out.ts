// Many watches on one object, which is updated again and again: how many events a second arrive, and how late.
import type { Connections } from './connections.ts'
import type { Measured } from './measure.ts'
import { namespace } from './objects.ts'

const path = `/api/v1/namespaces/${namespace}/configmaps`
const sentAt = /"t":"(\d+\.\d+)"/g

export async function fanOut(connections: Connections, watches: number, updates: number): Promise<Measured> {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'fan-out' }, data: { t: '0' } }
  await connections.request('POST', path, JSON.stringify(object))
  const latencies = new Float64Array(watches * updates)
  let count = 0
  const all = Promise.withResolvers<void>()
  const started = Array.from({ length: watches }, () =>
    openWatch(connections, all.reject, chunk => {
      const now = performance.now()
      for (const [, t] of chunk.matchAll(sentAt)) latencies[count++] = now - Number(t)
      if (count >= latencies.length) all.resolve()
    }),
  )
  await Promise.all(started)
  const began = performance.now()
  for (let update = 0; update < updates; update++) {
    const patch = JSON.stringify({ data: { t: performance.now().toFixed(3) } })
    const { status } = await connections.request('PATCH', `${path}/fan-out`, patch, 'application/merge-patch+json')
    if (status !== 200) throw new Error(`update answered ${status}`)
  }
  await all.promise
  return { requests: count, seconds: (performance.now() - began) / 1000, latencies: latencies.sort() }
}

/** Resolves when the watch has begun. An event that is cut between two chunks is put together before it is handed on. */
async function openWatch(connections: Connections, failed: (err: Error) => void, onEvents: (text: string) => void): Promise<void> {
  const query = '?watch=1&fieldSelector=metadata.name%3Dfan-out&timeoutSeconds=300'
  const { promise: first, resolve, reject } = Promise.withResolvers<void>()
  let rest = ''
  const onData = (bytes: Buffer, start: number, end: number) => {
    resolve()
    const text = rest + bytes.toString('latin1', start, end)
    const behind = text.lastIndexOf('\n') + 1
    rest = text.slice(behind)
    if (behind > 0) onEvents(text.slice(0, behind))
  }
  const onEnd = (err = new Error('a watch ended')) => {
    reject(err)
    failed(err)
  }
  await connections.stream(`${path}${query}`, onData, onEnd)
  await first
}
