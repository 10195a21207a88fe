// `up` listens on a unix socket in the data directory: `bulkhead status` asks there for the parts.
import { rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { parseJson } from '../../base/json.ts'
import { listenOnSocket } from '../../base/listen-on-socket.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import type { PartState } from './supervisor.ts'

export interface UpStatus {
  readonly version: string
  readonly pid: number
  readonly server: string
  readonly profile: string
  /** Admission plug-ins that protect and were switched off; a cluster of an older release does not say. */
  readonly pluginsOff?: readonly string[]
  readonly parts: readonly PartState[]
}

/** Rejects with a UserError where another `up` answers there: one of an older release holds no lock. */
export async function takeControlSocket(path: string, status: () => UpStatus): Promise<AsyncDisposable> {
  const other = await requestStatus(path)
  if (other !== undefined) throw inUse(other)
  // Left behind by a process that was killed: nobody answers there.
  rmSync(path, { force: true })
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.end(JSON.stringify(status()))
  })
  // Its folder is open to every user.
  await listenOnSocket(server, path, 0o177)
  return { [Symbol.asyncDispose]: () => close(server) }
}

/** `other` is what the process that has the directory says of itself, where it does. */
export function inUse(other: UpStatus | undefined): UserError {
  const who = other === undefined ? 'another process' : `process ${other.pid}`
  return new UserError(`This data directory is in use by ${who}: stop that one first, or give another directory with --data-dir`)
}

const close = (server: Server): Promise<void> => new Promise(resolve => server.close(() => resolve()))

/** A process that the machine gives no time for some seconds is none that hangs. */
const answerMs = 15_000

/** What the running `up` says; undefined where none is, or it ends in this moment. Rejects with a UserError where it says nothing, as a stopped process does. */
export function requestStatus(path: string, withinMs = answerMs): Promise<UpStatus | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(path)
    const silence = `The "bulkhead up" that listens on "${path}" does not answer: it is stopped or hangs. Let it go on, or end it`
    socket.setTimeout(withinMs, () => socket.destroy(new UserError(silence)))
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('error', err => (['ENOENT', 'ECONNREFUSED', 'ECONNRESET'].includes(codeOf(err)) ? resolve(undefined) : reject(err)))
    // The other end is our own `up`: nobody else makes a socket in that folder.
    socket.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      resolve(text === '' ? undefined : (parseJson(text) as UpStatus))
    })
  })
}
