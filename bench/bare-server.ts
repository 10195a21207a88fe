// Measures the platform's limit on this machine in this hour: the same client and workloads with a bare Node server.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { startChild } from './child.ts'
import type { Credentials } from './load/connections.ts'
import type { Values } from './load/workloads.ts'

/** Workloads that a map with a store can answer; `get`, `update` and `patch` need the objects of `create`. */
const answered = ['create', 'create-serial', 'get', 'update', 'patch', 'pod', 'list', 'selector']
const needsCreated = ['get', 'update', 'patch']
const prefix = 'bare.'

/** The id under which a run keeps the bare server's value of a figure. */
export const bareId = (id: string): string => prefix + id

export const answeredByBare = (wanted: readonly string[]): readonly string[] =>
  wanted.filter(id => answered.includes(id) && (wanted.includes('create') || !needsCreated.includes(id)))

export class BareServer implements Disposable {
  readonly credentials: Credentials
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, credentials: Credentials) {
    this.#child = child
    this.credentials = credentials
  }

  /** `directory` contains its store. */
  static async start(directory: string): Promise<BareServer> {
    const child = fork(new URL('bare-server-process.ts', import.meta.url), [join(directory, 'bare.db')], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    const [credentials] = (await once(child, 'message')) as [Credentials]
    return new BareServer(child, credentials)
  }

  [Symbol.dispose](): void {
    this.#child.kill()
  }
}

/** `directory` is on the disk of the servers that it is compared with. */
export async function bareNode(wanted: readonly string[], directory: string): Promise<Values> {
  const workloads = answeredByBare(wanted)
  if (workloads.length === 0) return {}
  using server = await BareServer.start(directory)
  const { credentials } = server
  const values = (await startChild(new URL('load/load-process.ts', import.meta.url), { credentials, workloads }).output) as Values
  return Object.fromEntries(Object.entries(values).map(([id, value]) => [bareId(id), value]))
}
