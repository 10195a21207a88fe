// `bulkhead audit witness`: a witness of audit logs of other machines, over HTTPS (C2SP tlog-witness).
import type { IncomingMessage, ServerResponse } from 'node:http'
import { formatKey, isKeyName, type NoteKey, parseKey } from '../../base/tlog/note.ts'
import { StoredWitness } from '../../base/tlog/stored-witness.ts'
import { maxSubmissionBytes, refuseSubmission, type WitnessAnswer } from '../../base/tlog/witness-submission.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { readRegularFile } from '../check/regular-file.ts'

export interface WitnessFlags {
  /** `HOST:PORT`. */
  readonly listen: string
  /** Keeps the key, and what was cosigned. */
  readonly dir: string
  /** Name of its key, such as the host. */
  readonly name: string
  /** Files with keys of logs. */
  readonly key: readonly string[]
  readonly tlsCert: string
  readonly tlsKey: string
}

const maxFileBytes = 1 << 20
/** One slow client must not hold another log up. */
const requestMs = 10_000

/** Until the signal. */
export async function serveWitness(flags: WitnessFlags, print: (text: string) => void, signal: AbortSignal): Promise<number> {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(flags.listen) ?? []
  if (host === '' || Number(port) > 65_535) throw new UserError(`--listen must be HOST:PORT, got "${flags.listen}"`)
  if (!isKeyName(flags.name))
    throw new UserError(`--name must be a name without spaces and "+", such as that of this machine, got "${flags.name}"`)
  const witness = await openWitness(flags)
  const { createServer } = process.getBuiltinModule('node:https')
  const read = (path: string) => readRegularFile(path, { maxBytes: maxFileBytes, followLinks: true })
  const server = createServer(
    { cert: read(flags.tlsCert), key: read(flags.tlsKey), minVersion: 'TLSv1.2', requestTimeout: requestMs, maxHeaderSize: 8192 },
    witness.answer,
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', err => reject(new UserError(`Cannot listen on ${flags.listen}: ${messageOf(err)}`, { cause: err })))
    server.listen(Number(port), host.replace(/^\[|\]$/g, ''), resolve)
  })
  print(`Witness ${flags.name} on https://${flags.listen} for ${witness.logs} logs`)
  print(`  key  ${witness.key}`)
  await new Promise<void>(resolve => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
  server.closeAllConnections()
  server.close()
  return 0
}

interface OpenedWitness {
  readonly key: string
  readonly logs: number
  answer(request: IncomingMessage, response: ServerResponse): void
}

/** Throws a `UserError` for unusable files. */
export async function openWitness({ dir, name, key: keyFiles }: Pick<WitnessFlags, 'dir' | 'name' | 'key'>): Promise<OpenedWitness> {
  const witness = await StoredWitness.open(dir, name)
  const keys = new Map(keyFiles.flatMap(logKeysIn).map(key => [key.name, key]))
  if (keys.size === 0) throw new UserError('Name the keys of at least one log with --key FILE, as "bulkhead audit key" prints them')
  const keyOf = async (origin: string) => keys.get(origin) ?? refuseSubmission(404, 'the log is unknown here')
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    void respond(request, response, body => witness.answer(body, { keyOf }, Math.floor(Date.now() / 1000))).catch(() => response.destroy())
  }
  return { key: formatKey(witness.key), logs: keys.size, answer }
}

function logKeysIn(file: string): NoteKey[] {
  try {
    const text = readRegularFile(file, { maxBytes: maxFileBytes, followLinks: true })
    return text
      .split('\n')
      .filter(line => line.trim() !== '')
      .map(parseKey)
      .filter(({ name }) => !name.endsWith('/root'))
  } catch (err) {
    if (err instanceof UserError) throw err
    throw new UserError(`Cannot use "${file}": ${messageOf(err)}`, { cause: err })
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  decideOn: (body: string) => Promise<WitnessAnswer>,
): Promise<void> {
  const end = (status: number, contentType: string, body: string) =>
    void response.writeHead(status, { 'content-type': contentType }).end(body)
  if (request.method !== 'POST' || !(request.url ?? '').endsWith('/add-checkpoint'))
    return end(404, 'text/plain', 'POST /add-checkpoint is all that is here\n')
  const body = await bodyOf(request)
  if (body === undefined) return end(413, 'text/plain', `at most ${maxSubmissionBytes} bytes\n`)
  const answer = await decideOn(body)
  end(answer.status, answer.contentType, answer.body)
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxSubmissionBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
