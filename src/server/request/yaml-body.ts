// Parses YAML bodies: small ones directly, large ones in a thread, one after another and round-robin over users. Parsing 3 MB takes a
// second or more, which must not block other requests.
import { limitHolder } from '../../access/limit-subject.ts'
import { maxValues, parseJsonBytes } from '../../api/schema/decode.ts'
import { tryYaml, type YamlOutcome } from '../../api/schema/yaml.ts'
import { badRequest, tooLarge, tooManyRequests } from '../../api/status.ts'
import { ThreadQueue, ThreadQueueFull, threadModule } from '../../base/async/thread-queue.ts'
import { codeOf } from '../../base/user-error.ts'
import { maxBodyBytes } from '../http/collect-body.ts'
import type { RequestContext } from './request-context.ts'

/** The result of the thread: the value as JSON. */
export type YamlReading =
  | { readonly json: Uint8Array; readonly duplicate: string | undefined }
  | { readonly json: undefined; readonly message: string }

/** Parsing this much takes about 20 ms at most. */
const atOnceBytes = 32 * 1024
/** About a hundred times the largest body. */
const memoryMiB = 384

/** Large bodies that wait for the thread. */
const maxWaiting = { ofFlow: 10, inAll: 100 }

const apart = new ThreadQueue<Uint8Array, YamlReading>({
  name: 'yaml',
  module: threadModule('yaml-worker', import.meta.url),
  memoryMiB,
  maxWaiting,
})

/** Rejects with a 413 if parsing takes too much memory, as with hundreds of thousands of levels, and if the value is larger than a JSON body may be, since aliases repeat values. */
export async function readYamlBody(
  context: Pick<RequestContext, 'request' | 'keepBody' | 'user'>,
  bytes: Buffer,
  most = maxValues,
): Promise<YamlOutcome> {
  const plain = asJson(bytes, most)
  if (plain !== undefined) return plain
  if (bytes.length <= atOnceBytes) return tryYaml(bytes)
  const reading = await apart.run(bytes, context.request.signal, limitHolder(context.user.name)).catch((err: unknown) => {
    if (err instanceof ThreadQueueFull) throw tooManyRequests('Too many large bodies in YAML wait to be read, please try again later.', 1)
    if (codeOf(err) !== 'ERR_WORKER_OUT_OF_MEMORY') throw err
    throw tooLarge(`reading the YAML takes more than ${memoryMiB} MiB of memory`)
  })
  if (reading.json === undefined) return { ok: false, message: reading.message }
  if (reading.json.length > maxBodyBytes) throw tooLarge(`the YAML expands to more than ${maxBodyBytes} bytes of JSON`)
  const json = Buffer.from(reading.json.buffer, reading.json.byteOffset, reading.json.byteLength)
  // Audit would otherwise parse the body again.
  context.keepBody?.({ bytes: json, contentType: 'application/json' })
  const parsed = parseJsonBytes(json, most)
  if (!parsed.ok) throw badRequest(parsed.message)
  return { ok: true, value: parsed.value, duplicate: reading.duplicate }
}

/** Clients apply JSON, which is also YAML and parses much faster; undefined if the YAML parser is needed, at least for its errors. */
function asJson(bytes: Buffer, most: number): YamlOutcome | undefined {
  if (bytes[0] !== openingBrace) return undefined
  const parsed = parseJsonBytes(bytes, most)
  if (!parsed.ok || parsed.duplicates().length > 0) return undefined
  return { ok: true, value: parsed.value, duplicate: undefined }
}

const openingBrace = 0x7b
