// `bulkhead up` as a user starts it, from a built tree, with the time that it took.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { storeFlags } from './bench-store.ts'
import type { Credentials } from './load/connections.ts'

export class ClusterProcess implements AsyncDisposable {
  readonly credentials: Credentials
  readonly readySeconds: number
  readonly #child: ChildProcess
  readonly #exited: Promise<void>

  private constructor(child: ChildProcess, exited: Promise<void>, credentials: Credentials, readySeconds: number) {
    this.#child = child
    this.#exited = exited
    this.credentials = credentials
    this.readySeconds = readySeconds
  }

  /** Ready is the line that the user waits for: every part of the control plane works then. */
  static async start(tree: string, dataDirectory: string, flags: readonly string[]): Promise<ClusterProcess> {
    const port = await freePort()
    const own = await storeFlags(dataDirectory)
    const began = performance.now()
    const args = [join(tree, 'bin/bulkhead.mjs'), 'up', '--data-dir', dataDirectory, '--port', String(port), ...own, ...flags]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
    let text = ''
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`bulkhead up ended before it was ready: ${text}`)))
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (text.includes('Bulkhead is ready')) resolve()
      })
    })
    const readySeconds = (performance.now() - began) / 1000
    return new ClusterProcess(child, exited, readCredentials(join(dataDirectory, 'admin.kubeconfig')), readySeconds)
  }

  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error('the process has not started')
    return pid
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#exited
  }
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } }]
  /** Earlier commits, to compare with, wrote the credentials into the file. */
  readonly users: readonly [
    {
      readonly user:
        | { readonly 'client-certificate': string }
        | { readonly 'client-certificate-data': string; readonly 'client-key-data': string }
    },
  ]
}

function readCredentials(file: string): Credentials {
  // Bulkhead writes it as JSON, which is YAML.
  const { clusters, users } = JSON.parse(readFileSync(file, 'utf8')) as Kubeconfig
  const text = (base64: string) => Buffer.from(base64, 'base64').toString()
  const { cluster } = clusters[0]
  const { user } = users[0]
  const ca = text(cluster['certificate-authority-data'])
  if ('client-key-data' in user)
    return { server: cluster.server, ca, cert: text(user['client-certificate-data']), key: text(user['client-key-data']) }
  // One file has certificate and key.
  const identity = readFileSync(join(dirname(file), user['client-certificate']), 'utf8')
  return { server: cluster.server, ca, cert: identity, key: identity }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no free port')
  return address.port
}
