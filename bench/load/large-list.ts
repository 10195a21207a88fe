// Objects of a megabyte each, and a list of all of them: the cost of the answer for the server beyond the objects themselves.
import type { Connections } from './connections.ts'
import { namespace } from './objects.ts'

const base = `/api/v1/namespaces/${namespace}/configmaps`
const label = 'bench%3Dlarge'

export async function createLarge(connections: Connections, count: number): Promise<void> {
  const text = 'x'.repeat(1_000_000)
  const create = async (index: number): Promise<void> => {
    const metadata = { name: `large-${index}`, labels: { bench: 'large' } }
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text } }
    const { status, body } = await connections.request('POST', base, JSON.stringify(object))
    if (status !== 201) throw new Error(`creation answered ${status}: ${body.toString('utf8', 0, 300)}`)
  }
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await create(index)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
}

/** Seconds. The answer is read and dropped. */
export async function readLarge(connections: Connections, bytes: number): Promise<number> {
  const began = performance.now()
  let read = 0
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  const onData = (_bytes: Buffer, start: number, end: number) => {
    read += end - start
  }
  await connections.stream(`${base}?labelSelector=${label}`, onData, err => (err === undefined ? resolve() : reject(err)))
  await ended
  if (read < bytes) throw new Error(`the list ended behind ${read} of ${bytes} bytes`)
  return (performance.now() - began) / 1000
}
