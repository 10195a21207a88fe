// A scratch cluster that makes backups into a folder, and the command line with which they are verified and restored.
import { spawn } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { writeJson } from '../../../base/write-json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import { apiServerOnly, type ScratchCluster } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'

export interface CommandResult {
  readonly code: number
  readonly text: string
}

export class BackupScratch implements AsyncDisposable {
  readonly cluster: ScratchCluster
  /** The target. */
  readonly target: string
  readonly #folder: string
  readonly #command: readonly string[]
  /** Files of identities: that of the recipient, and another one. */
  readonly identity: string
  readonly otherIdentity: string
  readonly recipient: string

  private constructor(cluster: ScratchCluster, folder: string, command: readonly string[], recipient: string) {
    this.cluster = cluster
    this.target = join(folder, 'target')
    this.#folder = folder
    this.#command = command
    this.identity = join(folder, 'identity.txt')
    this.otherIdentity = join(folder, 'other.txt')
    this.recipient = recipient
  }

  static async create(clusters: ScratchClusters, signal: AbortSignal): Promise<BackupScratch> {
    const folder = await mkdtemp(join(tmpdir(), 'bulkhead-prove-backup-'))
    // The part that makes backups runs as a user of its own.
    await chmod(folder, 0o755)
    const identity = await generateX25519Identity()
    const recipient = await identityToRecipient(identity)
    const scratch = new BackupScratch(await clusters.open(signal), folder, clusters.command, recipient)
    await mkdir(scratch.target)
    await chmod(scratch.target, 0o777)
    await writeFile(scratch.identity, `${identity}\n`, { mode: 0o600 })
    await writeFile(scratch.otherIdentity, `${await generateX25519Identity()}\n`, { mode: 0o600 })
    await writeFile(scratch.#settings, writeJson({ recipients: [recipient], targets: [{ name: 'prove', folder: scratch.target }] }))
    return scratch
  }

  get #settings(): string {
    return join(this.#folder, 'backup.yaml')
  }

  get key(): string {
    return join(this.cluster.directory, 'evidence.pub')
  }

  /** A path below the folder of this scratch cluster. */
  path(name: string): string {
    return join(this.#folder, name)
  }

  async start(signal: AbortSignal): Promise<Transport> {
    return (await this.cluster.serve([apiServerOnly, '--backup', this.#settings], signal)).transport
  }

  /** A copy of the target for an attack. */
  async copyOfTarget(name: string): Promise<string> {
    const copy = this.path(name)
    await cp(this.target, copy, { recursive: true })
    return copy
  }

  verify(from: string, more: readonly string[], signal: AbortSignal, identity = this.identity): Promise<CommandResult> {
    return this.run(['backup', 'verify', '--from', from, '--key', this.key, '--identity', identity, ...more], signal)
  }

  restore(to: string, more: readonly string[], signal: AbortSignal): Promise<CommandResult> {
    return this.run(
      ['backup', 'restore', '--from', this.target, '--key', this.key, '--identity', this.identity, '--to', to, ...more],
      signal,
    )
  }

  /** Runs the command of `bulkhead`. */
  run(args: readonly string[], signal: AbortSignal): Promise<CommandResult> {
    const [program = '', ...first] = this.#command
    const child = spawn(program, [...first, ...args], { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], signal })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', code => resolve({ code: code ?? -1, text: text.trim() }))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
