// `bulkhead audit witness`: a witness of audit logs of other machines, over HTTPS (C2SP tlog-witness).
import { generateKeyPairSync, hash, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { replaceFile } from '../../base/files/replace-file.ts'
import { parseCheckpoint } from '../../base/tlog/checkpoint.ts'
import { publicOf } from '../../base/tlog/epoch-certificate.ts'
import { cosignatureType, formatKey, isKeyName, type NoteKey, parseKey, parseNote } from '../../base/tlog/note.ts'
import {
  answerSubmission,
  maxSubmissionBytes,
  type WitnessAnswer,
  type Witnessed,
  type WitnessState,
} from '../../base/tlog/witness-submission.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { privatePem, readPrivatePem } from '../../signer/key-material.ts'
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
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const privateKey = await ownKey(join(dir, 'witness.key'))
  const keys = new Map(keyFiles.flatMap(logKeysIn).map(key => [key.name, key]))
  if (keys.size === 0) throw new UserError('Name the keys of at least one log with --key FILE, as "bulkhead audit key" prints them')
  const pathOf = (origin: string) => join(dir, `${hash('sha256', origin, 'hex')}.checkpoint`)
  const witnessed = (origin: string): Witnessed | undefined =>
    existsSync(pathOf(origin)) ? parseCheckpoint(parseNote(readFileSync(pathOf(origin), 'utf8')).text) : undefined
  const state: WitnessState = { name, privateKey, keyOf: origin => keys.get(origin), witnessed }
  // One after the other: what was cosigned is on disk before the next is compared with it.
  let last: Promise<unknown> = Promise.resolve()
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    void respond(request, response, body => {
      const decided = last.then(() => decide(body, state, pathOf))
      last = decided.catch(() => undefined)
      return decided
    }).catch(() => response.destroy())
  }
  return { key: formatKey({ name, type: cosignatureType, publicKey: publicOf(privateKey) }), logs: keys.size, answer }
}

async function ownKey(path: string): Promise<KeyObject> {
  if (!existsSync(path)) await replaceFile(path, privatePem(generateKeyPairSync('ed25519').privateKey))
  try {
    return readPrivatePem(readFileSync(path))
  } catch (err) {
    throw new UserError(`Cannot use "${path}": it contains no PEM private key`, { cause: err })
  }
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

async function decide(body: string, state: WitnessState, pathOf: (origin: string) => string): Promise<WitnessAnswer> {
  const answer = answerSubmission(body, state, Math.floor(Date.now() / 1000))
  if (answer.store !== undefined) await replaceFile(pathOf(answer.store.origin), answer.store.note)
  return answer
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
