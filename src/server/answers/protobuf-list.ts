// A list in protobuf. It begins with its length, so all items are encoded before the first byte is sent. Items that were evicted from the cache meanwhile
// are encoded again, so a list needs no more memory than the cache.
import { turn } from '../../base/async/turns.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Entry, ListResult } from '../../store/store.ts'
import { maxTurnMs, partsPerLook, streamParts } from '../http/chunked-body.ts'
import type { Reply } from '../http/exchange.ts'
import { envelopeEnd, lengthField, protobufType } from '../protobuf/envelope.ts'
import { fieldOfJson } from '../protobuf/json-to-protobuf.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { type ListMeta, sourceSize, streamFrom, streamReply } from './list-body.ts'
import { entryFields } from './protobuf-form.ts'

const nothing = Buffer.alloc(0)

/** Bytes per look at the clock: few large items take as long as many small ones. */
const bytesPerLook = 128 * 1024

/** The first field of every list. */
const metadataTag = 0x0a

export function protobufListReply(context: ResourceContext, result: ListResult, metadata: ListMeta): Reply {
  const { list, field, size: sizeOf } = entryFields(context.served, context.form)
  const { entries } = result
  const own = fieldOfJson(metadataTag, 'meta/v1.ListMeta', Buffer.from(writeJson(metadata)))
  const head = (items: number): Buffer => Buffer.concat([list.begin, lengthField(2, own.length + items), own])
  const size = sourceSize(context, result)
  if (size < streamFrom) {
    const items = entries.map(field)
    const begin = head(items.reduce((sum, { length }) => sum + length, 0))
    const parts = [begin, ...items, envelopeEnd]
    return { status: 200, contentType: protobufType, body: { parts, length: parts.reduce((sum, { length }) => sum + length, 0) } }
  }
  const part = (index: number): Buffer => field(entryAt(entries, index))
  return streamReply(
    context,
    async (sink, signal) => {
      const items = await lengthOf(entries, sizeOf, signal)
      const parts = { head: head(items), separator: nothing, count: entries.length, computed: true, part, tail: envelopeEnd }
      await streamParts(parts)(sink, signal)
    },
    () => size,
    protobufType,
  )
}

/** The length of all items. Yields in between. */
async function lengthOf(entries: readonly Entry[], sizeOf: (entry: Entry) => number, signal: AbortSignal): Promise<number> {
  let length = 0
  let lookedAt = 0
  let began = performance.now()
  for (const [index, entry] of entries.entries()) {
    length += sizeOf(entry)
    if (index % partsPerLook !== partsPerLook - 1 && length - lookedAt < bytesPerLook) continue
    lookedAt = length
    if (performance.now() - began < maxTurnMs) continue
    await turn()
    signal.throwIfAborted()
    began = performance.now()
  }
  return length
}

function entryAt(entries: readonly Entry[], index: number): Entry {
  const entry = entries[index]
  if (entry === undefined) throw new RangeError(`the list has no entry ${index}`)
  return entry
}
