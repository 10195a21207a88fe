// Parses the answer of a watch: one JSON document per line.
import type { KubeObject } from '../../api/object.ts'
import { ApiError, type Status } from '../../api/status.ts'
import { parseExactJson } from '../../base/exact-json.ts'
import { textWithoutManagedFields } from './strip-managed-fields.ts'

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Nothing changed; the watch can be resumed from this resourceVersion. */
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }

/** The server limits the size of objects; this protects against a broken server. */
const maxLineBytes = 16 << 20
const newline = 0x0a

/** Groups the events of each chunk; objects have no managed fields. Throws the ApiError of an ERROR event (410 Expired, 500). */
export async function* readWatch<T extends KubeObject>(body: AsyncIterable<Buffer>): AsyncGenerator<readonly WatchEvent<T>[]> {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  for await (const chunk of body) {
    const events: WatchEvent<T>[] = []
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const line = chunk.subarray(start, end)
      const whole = waitingBytes === 0 ? line : Buffer.concat([...waiting, line])
      waiting = []
      waitingBytes = 0
      start = end + 1
      if (whole.length > 0) events.push(parseEvent<T>(whole))
    }
    if (start < chunk.length) {
      waiting.push(chunk.subarray(start))
      waitingBytes += chunk.length - start
      if (waitingBytes > maxLineBytes) throw new Error(`Cannot read the watch: an event has more than ${maxLineBytes} bytes`)
    }
    if (events.length > 0) yield events
  }
}

function parseEvent<T extends KubeObject>(line: Buffer): WatchEvent<T> {
  // Bytes of an authenticated server become objects here.
  const event = parseExactJson(textWithoutManagedFields(line)) as WatchEvent<T> | { readonly type: 'ERROR'; readonly object: Status }
  if (event.type === 'ERROR') throw new ApiError(event.object)
  return event
}
