// `up` listens on a unix socket in the data directory; `bulkhead status` queries it for the state of the parts.
import { rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { parseJson } from '../../base/json.ts'
import { listenOnSocket } from '../../base/net/listen-on-socket.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { PackageFacts } from '../../supply-chain/release/part-code.ts'
import type { PartState } from './supervisor.ts'

export interface UpStatus {
  readonly version: string
  readonly pid: number
  readonly server: string
  readonly profile: string
  /** Security plug-ins that were switched off; absent for a cluster of an older release. */
  readonly pluginsOff?: readonly string[]
  /** What was verified before the start; absent in a clone. */
  readonly package?: PackageFacts
  readonly parts: readonly PartState[]
  /** Whether all parts have been ready once; absent for a cluster of an older release. */
  readonly isReady?: boolean
}

/** Rejects with a UserError if another `up` answers there: an older release holds no lock. */
export async function takeControlSocket(path: string, status: () => UpStatus): Promise<AsyncDisposable> {
  const other = await requestStatus(path)
  if (other !== undefined) throw inUse(other)
  // Left behind by a killed process: nothing answers there.
  rmSync(path, { force: true })
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.end(writeJson(status()))
  })
  // Every user can enter its folder.
  await listenOnSocket(server, path, 0o600)
  return { [Symbol.asyncDispose]: () => close(server) }
}

/** `other` is the answer of the process that uses the directory, if it answers. */
export function inUse(other: UpStatus | undefined): UserError {
  const who = other === undefined ? 'another process' : `process ${other.pid}`
  return new UserError(`This data directory is in use by ${who}: stop it first, or choose another directory with --data-dir`)
}

const close = (server: Server): Promise<void> => new Promise(resolve => server.close(() => resolve()))

/** A process on an overloaded machine may answer late; it does not hang. */
const answerMs = 15_000

/**
 * The state of the running `up`; undefined if none runs or it is ending. Rejects with a UserError if it does not answer, as a stopped
 * process does.
 */
export function requestStatus(path: string, withinMs = answerMs): Promise<UpStatus | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(path)
    const silence = `The "bulkhead up" that listens on "${path}" does not answer: it is stopped or hangs. Continue or end it`
    socket.setTimeout(withinMs, () => socket.destroy(new UserError(silence)))
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('error', err => (['ENOENT', 'ECONNREFUSED', 'ECONNRESET'].includes(codeOf(err)) ? resolve(undefined) : reject(err)))
    // The peer is our own `up`: only it can create a socket in that folder.
    socket.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      resolve(text === '' ? undefined : (parseJson(text) as UpStatus))
    })
  })
}
