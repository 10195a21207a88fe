// `up` listens on a unix socket in the data directory: it is the lock of the directory, and `bulkhead status` asks there for the parts.
import { rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { parseJson } from '../../base/json.ts'
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

/** Takes the directory, or throws a UserError where another `up` has it. */
export async function takeControlSocket(path: string, status: () => UpStatus): Promise<AsyncDisposable> {
  const other = await askStatus(path)
  if (other !== undefined)
    throw new UserError(
      `This data directory is in use by process ${other.pid}: stop that one first, or give another directory with --data-dir`,
    )
  // Left behind by a process that was killed: nobody answers there.
  rmSync(path, { force: true })
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.end(JSON.stringify(status()))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return { [Symbol.asyncDispose]: () => close(server) }
}

const close = (server: Server): Promise<void> => new Promise(resolve => server.close(() => resolve()))

/** What the running `up` says; undefined where none is. */
export function askStatus(path: string): Promise<UpStatus | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(path)
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('error', err => (['ENOENT', 'ECONNREFUSED'].includes(codeOf(err)) ? resolve(undefined) : reject(err)))
    // The other end is our own `up`, behind a folder that only its user enters.
    socket.on('end', () => resolve(parseJson(Buffer.concat(chunks).toString('utf8')) as UpStatus))
  })
}
