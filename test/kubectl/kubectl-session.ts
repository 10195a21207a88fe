// kubectl against a whole cluster in this process, with files, editors and namespaces of its own; for the tests named kubectl-*.
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startCluster } from 'bulkhead'
import type { Cluster, StartClusterOptions } from '../../src/cluster/start-cluster.ts'
import { type Outcome, run, temporaryFolder, until } from '../cluster.ts'

export interface KubectlOptions {
  /** Standard input of kubectl. */
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
}

export class KubectlSession implements AsyncDisposable {
  readonly cluster: Cluster
  readonly folder: string
  readonly kubeconfig: string
  #namespace = 'default'

  private constructor(cluster: Cluster, folder: string, kubeconfig: string) {
    this.cluster = cluster
    this.folder = folder
    this.kubeconfig = kubeconfig
  }

  static async start(options: StartClusterOptions = {}): Promise<KubectlSession> {
    const cluster = await startCluster(options)
    const folder = temporaryFolder()
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, await cluster.kubeconfig(), { mode: 0o600 })
    return new KubectlSession(cluster, folder, kubeconfig)
  }

  get namespace(): string {
    return this.#namespace
  }

  /** Creates a namespace that admits any pod, as upstream, and uses it from then on. */
  async enter(name: string): Promise<void> {
    await this.kubectl('create', 'namespace', name)
    await this.kubectl('label', '--overwrite', 'namespace', name, 'pod-security.kubernetes.io/enforce=privileged')
    this.#namespace = name
    await until('the default account', async () => (await this.try(['get', 'serviceaccount', 'default'])).code === 0)
  }

  /** Standard output; rejects with standard error if kubectl fails. */
  async kubectl(...args: string[]): Promise<string> {
    return this.withOptions({}, ...args)
  }

  async withOptions(options: KubectlOptions, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(args, options)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`)
    return stdout
  }

  /** Standard error of a command that must fail. */
  async refused(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(args)
    if (code === 0) throw new Error(`kubectl ${args.join(' ')} was not refused: ${stdout}`)
    return stderr
  }

  try(args: readonly string[], { input, environment }: KubectlOptions = {}): Promise<Outcome> {
    return run('kubectl', this.#flags(args), {
      ...(input === undefined ? {} : { input }),
      ...(environment === undefined ? {} : { environment }),
    })
  }

  /** Runs a command that does not end by itself until its output contains the text, and stops it. Returns its output so far. */
  async printed(text: string, ...args: string[]): Promise<string> {
    return this.#whileRunning(args, async output => {
      await until(`kubectl ${args.join(' ')} prints "${text}"`, () => output().includes(text))
      return output()
    })
  }

  /** Runs `kubectl proxy` for as long as `use` does, with the port that it serves on. */
  async serving(args: readonly string[], use: (port: string) => Promise<void>): Promise<void> {
    await this.#whileRunning(args, async output => {
      const portOf = (): string | undefined => /Starting to serve on 127\.0\.0\.1:(\d+)\n/.exec(output())?.[1]
      await until('kubectl proxy serves', () => portOf() !== undefined)
      await use(portOf() ?? '')
    })
  }

  async #whileRunning<T>(args: readonly string[], use: (output: () => string) => Promise<T>): Promise<T> {
    const child = spawn('kubectl', this.#flags(args), { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (output += part))
    const closed = new Promise(resolve => child.once('close', resolve))
    try {
      return await use(() => output)
    } finally {
      child.kill()
      await closed
    }
  }

  #flags(args: readonly string[]): string[] {
    const flags = ['--kubeconfig', this.kubeconfig, '--cache-dir', join(this.folder, 'cache')]
    const named = args.some(arg => arg === '-n' || arg === '-A' || arg.startsWith('--namespace'))
    // Options come first: everything after `--` belongs to another program.
    return [...flags, ...(named ? [] : ['-n', this.#namespace]), ...args]
  }

  /** `get` with a Go template or, if it begins with `{.`, a JSONPath. */
  read(target: string, template: string): Promise<string> {
    const format = template.startsWith('{{') ? 'go-template' : 'jsonpath'
    return this.kubectl('get', ...target.split(' '), '-o', `${format}=${template}`)
  }

  async untilReads(target: string, template: string, wanted: string): Promise<void> {
    let seen = ''
    await until(`${target} reads "${wanted}"`, async () => {
      const { stdout, stderr } = await this.try(['get', ...target.split(' '), '-o', `jsonpath=${template}`])
      seen = stdout || stderr
      return stdout === wanted
    }).catch((err: unknown) => {
      throw new Error(`${err instanceof Error ? err.message : err}; it reads "${seen}"`)
    })
  }

  /** Writes a file below the session's folder; objects as documents of a YAML stream. Returns its path. */
  file(name: string, ...content: (string | object)[]): string {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    // kubectl takes a file that begins with a brace for JSON, without documents.
    const documents = content.map(part => (typeof part === 'string' ? part : `---\n${JSON.stringify(part)}\n`))
    writeFileSync(path, documents.join(''))
    return path
  }

  /** Options for a command that opens an editor, which replaces one text by another. */
  editing(from: string, to: string): KubectlOptions {
    const path = join(this.folder, 'editor.sh')
    writeFileSync(path, `#!/bin/sh\nsed -i 's|${from}|${to}|g' "$1"\n`, { mode: 0o755 })
    return { environment: { KUBE_EDITOR: path } }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export const podOf = (name: string, image = 'example.com/app:1', labels: Record<string, string> = { app: name }): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: { containers: [{ name: 'app', image }] },
})

export const configMapOf = (name: string, data: Record<string, string>, labels?: Record<string, string>): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(labels === undefined ? {} : { labels }) },
  data,
})
